"""`python3 -m app [--port N]`: sets the project up if needed, then serves the website on this machine."""

from __future__ import annotations

import argparse
import socket
import sys

from app import bootstrap


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line: `--port` (default 8501, or the next free one) and `--address` (default: this machine only)."""
    parser = argparse.ArgumentParser(prog="python3 -m app", description="Serves the backpropagation visualiser.")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8501, or the next free one)")
    parser.add_argument("--address", default="localhost", help="address to listen on (default: %(default)s)")
    return parser.parse_args(arguments)


def free_port(address: str, first: int = 8501, tries: int = 50) -> int:
    """The first port from `first` on that nobody listens on."""
    for port in range(first, first + tries):
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) != 0:
                return port
    raise bootstrap.BootstrapError(f"Ports {first} to {first + tries - 1} are all taken; choose one with --port N.")


def main(arguments: list[str]) -> int:
    """Runs the command; returns the exit code."""
    options = parse(arguments)
    try:
        python = bootstrap.prepare(bootstrap.ROOT / "requirements.lock")
        port = options.port or free_port(options.address)
    except bootstrap.BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    bootstrap.say(f"Starting. Open http://{options.address}:{port} in a browser; Ctrl-C here stops it.")
    server = ["-m", "streamlit", "run", "app/server.py"]
    return bootstrap.become(python, *server, f"--server.port={port}", f"--server.address={options.address}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
