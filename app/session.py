"""What one visitor looks at, as one value: what was chosen when the run began, and what has been changed while it runs.

    settings    every choice as the widgets show it now
    start       the experiment at step 0, without edits: what the stage's link says
    edits, step those of the link that was opened; the stage takes over from there and keeps its own

A change of a live choice (learning rate, optimiser, regularisation) leaves `start` alone: the stage makes it an edit at
the step shown. Any other change begins a new run. Knows nothing of Streamlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app import sharing
from app.state import CHOICES, VIEW, Settings, flat_optimiser, flat_regulariser
from engine import Edit, Experiment
from engine.optimisers import Optimiser

LIVE = tuple(choice.name for choice in CHOICES if choice.live)


@dataclass(frozen=True)
class Session:
    """One visitor's page."""

    settings: Settings
    start: Experiment
    edits: tuple[Edit, ...] = ()
    step: int = 0
    optimiser: Optimiser | None = None

    @classmethod
    def of(cls, settings: Settings) -> Session:
        """A new run of these settings.

        Raises
        ------
        ConfigurationError : where they do not fit together
        """
        return cls(settings, settings.to_experiment())._telling_optimiser()

    @classmethod
    def opened(cls, link: str) -> tuple[Session, Sequence[sharing.LinkProblem]]:
        """The session of a link, ours or TF Playground's, and what in it was not accepted."""
        experiment, step, problems = sharing.read_link_leniently(link)
        start = replace(experiment, edits=())
        settings = Settings.from_experiment(start).change(**sharing.read_view(link))
        live = {name: value for edit in experiment.edits if edit.step <= step for name, value in _live_of(edit).items()}
        session = cls(replace(settings, **live), start, experiment.edits, step)
        return session._telling_optimiser(), problems

    def change(self, **changes: Any) -> Session:
        """The session after some choices changed.

        Raises
        ------
        ConfigurationError : for what is not accepted, or does not fit; nothing has changed then
        """
        settings = self.settings.change(**changes)
        experiment = settings.to_experiment()
        if _structure(settings) != _structure(self.settings):
            return Session(settings, experiment)._telling_optimiser()
        return replace(self, settings=settings)._telling_optimiser()

    def _telling_optimiser(self) -> Session:
        """With the optimiser that the stage is told of: a new rate alone is not a new one, its state goes on."""
        now = self.settings.to_experiment().optimiser
        if self.optimiser is not None and self.optimiser.with_learning_rate(now.schedule.initial) == now:
            return self
        return replace(self, optimiser=now)

    @cached_property
    def link(self) -> str:
        """Query string of the experiment at step 0, without edits."""
        return sharing.write_link(self.start)

    @cached_property
    def live(self) -> dict[str, Any]:
        """The live choices as the stage compares them, in the texts that edits carry."""
        return {
            "learning_rate": self.settings.learning_rate,
            "optimiser": sharing.spec_text(self.optimiser, explicit=1),
            "regulariser": sharing.spec_text(self.settings.to_experiment().regulariser, explicit=1),
        }

    @cached_property
    def edit_texts(self) -> list[list[Any]]:
        """The opened link's edits as [step, key, value text]."""
        return [[edit.step, edit.key, sharing.edit_text(edit).split(".", 2)[2]] for edit in self.edits]


def _structure(settings: Settings) -> list[Any]:
    """The choices that begin a new run."""
    return [
        getattr(settings, choice.name) for choice in CHOICES if not choice.live and choice.name not in (*VIEW, "task")
    ]


def _live_of(edit: Edit) -> dict[str, Any]:
    """An edit of a live choice, as choices."""
    if edit.key == "learning_rate":
        return {"learning_rate": edit.value}
    if edit.key == "optimiser":
        return flat_optimiser(edit.value)
    return flat_regulariser(edit.value) if edit.key == "regulariser" else {}
