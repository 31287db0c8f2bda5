"""Visitors by the hundred, without browsers: what `app/static/stage` and Streamlit's page ask for, and when.

`python -m tests.load` measures against the bars of a public demo; `python -m tests.load.faults` breaks things and looks
whether every visitor comes back. Both start the real server on this machine and speak to nothing else; they exit 1 when
a bar is missed.
"""
