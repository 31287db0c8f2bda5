"""`python3 -m tests [pytest arguments]`: sets the project up with what the tests need, then runs pytest."""

from __future__ import annotations

import sys

from app import bootstrap


def main(arguments: list[str]) -> int:
    """Runs the command; returns pytest's exit code."""
    try:
        python = bootstrap.prepare(bootstrap.ROOT / "tests" / "requirements.lock")
    except bootstrap.BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    return bootstrap.become(python, "-m", "pytest", *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
