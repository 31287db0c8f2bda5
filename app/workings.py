"""What stands around the walk: the picture of the network, and the panels below it."""

from __future__ import annotations

from app.stage import stage
from app.walk import Walk


class Workings:
    """The picture and the panels of one walk."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.t, self.key = walk.t, walk.key

    def picture(self) -> None:
        """The network, with what the operation uses lit."""
        stage(self.walk.still(self.walk.lit), key=f"{self.key}_stage")

    def draw(self) -> None:
        """The panels."""
