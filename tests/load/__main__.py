"""Measures against the bars of a public demo, with visitors but without browsers; exits 1 when a bar is missed."""

from __future__ import annotations

import sys

from tests.load.command import main
from tests.load.scenarios import SCENARIOS

sys.exit(main("tests.load", __doc__, SCENARIOS))
