# The website as a container: two stages, kernels compiled at build, no root, nothing writable but /tmp.
#
#     docker build -t backprop .
#     docker run --read-only --tmpfs /tmp --memory 1g --cap-drop ALL --security-opt no-new-privileges \
#         -p 8501:8501 -e STREAMLIT_SERVER_COOKIE_SECRET="$(openssl rand -hex 32)" backprop
#
# tests/hosting/test_container.py reads this file and runs its steps in a plain folder.

FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/backprop
COPY requirements.lock ./
RUN python -m venv /srv/venv && /srv/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY engine engine
COPY app app
COPY .streamlit .streamlit
# The processor to compile for. haswell is any of Intel's and AMD's since about 2015: the image is warm wherever it runs, replicas on
# different machines give the same bits, and films cost a third more than native ones. On ARM: --build-arg CPU=generic
ARG CPU=haswell
ENV NUMBA_CPU_NAME=$CPU NUMBA_CPU_FEATURES= BACKPROP_CACHE_DIR=/srv/kernels
RUN /srv/venv/bin/python -c "from engine import warmup; warmup.warm()" && /srv/venv/bin/python -m compileall -q app engine

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home visitor
COPY --from=build /srv /srv
WORKDIR /srv/backprop
USER 10001
ARG CPU=haswell
ENV HOME=/tmp PATH=/srv/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 NUMBA_CPU_NAME=$CPU NUMBA_CPU_FEATURES= BACKPROP_CACHE_DIR=/srv/kernels BACKPROP_PRODUCTION=1
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app/server.py", "--server.address=0.0.0.0", "--server.port=8501"]
