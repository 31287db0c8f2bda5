"""`python -m app.films`: records every shipped film anew."""

from app.films import FOLDER, LINKS, STEPS
from app.traces import read


def main() -> None:
    """Writes one file a film."""
    for name, link in LINKS.items():
        film = read(link).start().trace(STEPS).to_bytes()
        path = FOLDER / f"{name}.bpt"
        path.write_bytes(film)
        print(f"{path.name}: {STEPS} steps, {len(film)} bytes")


if __name__ == "__main__":
    main()
