"""The Dockerfile, without Docker: what it promises is read, and its steps are run in a plain folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest

from app.bootstrap import ROOT
from app.traces import build
from tests.e2e.conftest import free_port, wait_until_up
from tests.hosting.conftest import SECRET, wait_until

TEXT = (ROOT / "Dockerfile").read_text()
STEPS = [(step[0], step[1].strip()) for step in re.findall(r"^([A-Z]+) (.*)$", TEXT.replace("\\\n", " "), re.MULTILINE)]
STAGES = [number for number, (word, _) in enumerate(STEPS) if word == "FROM"]
BUILD, FINAL = STEPS[: STAGES[1]], STEPS[STAGES[1] :]


def powerless() -> list[str]:
    """What makes root respect that a folder is read-only; anybody else does so anyway."""
    power = "-dac_override,-dac_read_search,-fowner"
    return ["setpriv", f"--bounding-set={power}", f"--inh-caps={power}"] if os.geteuid() == 0 else []


def of(word: str, steps: list[tuple[str, str]]) -> list[str]:
    """The arguments of every step of this kind."""
    return [argument for name, argument in steps if name == word]


def environment(steps: list[tuple[str, str]]) -> dict[str, str]:
    """What a stage's ENV lines say, with the default processor."""
    pairs = [pair.partition("=") for line in of("ENV", steps) for pair in line.split()]
    cpu = of("ARG", steps)[0].partition("=")[2]
    return {name: value.replace("$CPU", cpu) for name, _, value in pairs}


def test_there_are_two_stages_and_the_last_one_is_unprivileged():
    assert len(STAGES) == 2
    assert all(re.fullmatch(r"python:\d\.\d+-slim-\w+( AS build)?", argument) for argument in of("FROM", STEPS))
    assert of("USER", FINAL) == ["10001"]
    before_user = [word for word, _ in FINAL[: [word for word, _ in FINAL].index("USER")]]
    assert before_user == ["FROM", "RUN", "COPY", "WORKDIR"]
    assert environment(FINAL)["BACKPROP_PRODUCTION"] == "1"


def test_packages_come_from_the_lock_with_hashes():
    (install,) = [line for line in of("RUN", BUILD) if "pip" in line]
    assert "--require-hashes --no-deps --only-binary :all: -r requirements.lock" in install
    assert not re.search(r"apt-get|curl|wget|ADD http", TEXT)


def test_no_secret_is_in_the_image():
    assert "SECRET" not in "".join(argument for _, argument in STEPS)
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*", "what is not named does not go in"


def test_both_stages_compile_for_the_same_processor():
    first, last = environment(BUILD), environment(FINAL)
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "BACKPROP_CACHE_DIR"):
        assert first[name] == last[name]


def test_the_procfile_starts_the_same_server():
    command = (ROOT / "Procfile").read_text().strip()
    assert command.startswith("web: ")
    assert json.loads(of("CMD", FINAL)[0])[:3] == command.split()[1:4] == ["streamlit", "run", "app/server.py"]


def test_every_line_of_the_configuration_has_its_reason():
    text = (ROOT / ".streamlit" / "config.toml").read_text().split("[theme]")[0]
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    assert len(lines) > 15
    for line in lines:
        assert re.search(r"# \w+.{10,}$", line), line
    chosen = tomllib.loads(text)
    assert chosen["runner"]["postScriptGC"] is False
    assert chosen["server"]["maxUploadSize"] <= 5
    assert chosen["client"]["showErrorDetails"] == "none"


@pytest.mark.slow
def test_its_steps_run_in_a_plain_folder_without_a_right_to_write(tmp_path: Path):
    """COPY, compile, take the right to write away, start: warm at once, films at once, health says so."""
    root, home, kernels, port = tmp_path / "backprop", tmp_path / "tmp", tmp_path / "kernels", free_port()
    root.mkdir()
    home.mkdir()
    for line in of("COPY", BUILD):
        source, target = line.split()
        ignored = shutil.ignore_patterns("__pycache__")
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, root / target, **({"ignore": ignored} if copy is shutil.copytree else {}))
    moved = {"BACKPROP_CACHE_DIR": str(kernels), "HOME": str(home)}
    for line in of("RUN", BUILD)[1:]:
        said = os.environ | environment(BUILD) | moved
        command = line.replace("/srv/venv/bin/python", sys.executable)
        subprocess.run(command, shell=True, cwd=root, env=said, check=True, timeout=280)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}

    subprocess.run(["chmod", "-R", "a+rX,a-w", str(root), str(kernels)], check=True)
    said = os.environ | environment(FINAL) | moved | {"STREAMLIT_SERVER_COOKIE_SECRET": SECRET, "TMPDIR": str(home)}
    said["PATH"] = os.environ["PATH"]
    command = [*powerless(), sys.executable, "-m", *json.loads(of("CMD", FINAL)[0])]
    server = subprocess.Popen(
        [argument.replace("8501", str(port)) for argument in command],
        cwd=root,
        env=said,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, server)
        health = json.loads(of("HEALTHCHECK", FINAL)[0].partition("CMD ")[2])
        subprocess.run([sys.executable, *health[1:2], health[2].replace("8501", str(port))], check=True, timeout=10)
        wait_until(lambda: json.load(urllib.request.urlopen(f"{address}/engine", timeout=5))["ready"])
        film = urllib.request.urlopen(f"{address}/trace/{build()}?v=1&data=xor&from=0&to=30", timeout=30)
        assert film.read(4) == b"BPT1"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - files
    assert all(home in path.parents for path in written), written
    subprocess.run(["chmod", "-R", "u+w", str(tmp_path)], check=True)
