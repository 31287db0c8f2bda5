"""What one visitor looks at, as one value: what was chosen when the run began, and what has been changed while it runs.

    settings    every choice as the widgets show it now
    start       the experiment at step 0, without edits: what the stage's link says
    edits, step those of the link that was opened; the stage takes over from there and keeps its own

A change of a live choice (learning rate, optimiser, regularisation) leaves `start` alone: the stage makes it an edit at
the step shown. Any other change begins a new run. Knows nothing of Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app import sharing
from app.costs import most_steps
from app.state import CHOICES, MOST_STEPS, VIEW, Settings, flat_optimiser, flat_regulariser
from engine import Edit, Experiment

LIVE = tuple(choice.name for choice in CHOICES if choice.live)
OPTIMISER = tuple(choice.name for choice in CHOICES if choice.query == "opt" and choice.name != "learning_rate")


@dataclass(frozen=True)
class Session:
    """One visitor's page; made by `of`, `opened` and `change`.

    `link` is the query string of `start`; `live` are the live choices as the stage compares them, in the texts that
    edits carry; `surface` is what the opened link says of the loss surface, None where that is closed.
    """

    settings: Settings
    start: Experiment
    link: str
    live: Mapping[str, Any]
    edits: tuple[Edit, ...] = ()
    step: int = 0
    surface: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Session:
        """A new run of these settings.

        Raises
        ------
        ConfigurationError : where they do not fit together
        """
        start = settings.to_experiment()
        return cls(settings, start, sharing.write_link(start), _live_texts(start))

    @classmethod
    def opened(cls, link: str) -> tuple[Session, Sequence[sharing.LinkProblem]]:
        """The session of a link, ours or TF Playground's, and what in it was not accepted."""
        experiment, step, problems = sharing.read_link_leniently(link)
        if step > (most := most_steps(experiment)):
            problems = [*problems, _too_far(step, most)]
            step = 0
        start = replace(experiment, edits=())
        settings = Settings.from_experiment(start).change(**sharing.read_view(link))
        session = cls(settings, start, sharing.write_link(start), _live_texts(start), experiment.edits, step)
        for edit in experiment.edits:
            if edit.step <= step:
                session = session._with_live(replace(session.settings, **_choices_of(edit)))
        return replace(session, surface=sharing.read_surface(link)), problems

    def change(self, **changes: Any) -> Session:
        """The session after some choices changed.

        Raises
        ------
        ConfigurationError : for what is not accepted, or does not fit; nothing has changed then
        """
        settings = self.settings.change(**changes)
        if _structure(settings) != _structure(self.settings):
            return Session.of(settings)
        changed = self._with_live(settings)
        return changed.standing(self.link, self._edits_for(changed.live), self.step)

    def _edits_for(self, live: Mapping[str, Any]) -> list[list[Any]]:
        """The edits with those that the stage makes of other live choices where its film stands (`link.js`, withEdit);
        of a film that runs it tells itself, once it stands.
        """
        edits = self.edit_texts
        for key, value in live.items():
            if value != self.live[key]:
                text = f"{value:g}" if isinstance(value, float) else str(value)
                kept = [edit for edit in edits if edit[0] <= self.step and edit[:2] != [self.step, key]]
                edits = [*kept, [self.step, key, text]]
        return edits

    def _with_live(self, settings: Settings) -> Session:
        """A new rate alone is not a new optimiser, whose memory would start anew: what is told of it stays the same.

        So too for a link that is opened: a stage that has lived through its edits finds nothing new to make one of.
        """
        if all(getattr(settings, name) == getattr(self.settings, name) for name in LIVE):
            return replace(self, settings=settings)
        told = _live_texts(settings.running(self.start))
        same = all(getattr(settings, name) == getattr(self.settings, name) for name in OPTIMISER)
        return replace(self, settings=settings, live=told | {"optimiser": self.live["optimiser"]} if same else told)

    def standing(self, link: str, edits: Sequence[Sequence[Any]], step: int) -> Session:
        """The session where its stage stands, as the stage tells it; itself if that is of another link or no good."""
        if link != self.link or not 0 <= step <= MOST_STEPS:
            return self
        if [list(edit) for edit in edits] == self.edit_texts:
            return self if step == self.step else replace(self, step=step)
        said = "_".join(".".join(map(str, edit)) for edit in edits)
        try:
            return replace(self, edits=sharing.read_edits(said, self.start), step=step)
        except sharing.LinkError:
            return self

    @cached_property
    def edit_texts(self) -> list[list[Any]]:
        """The opened link's edits as [step, key, value text]."""
        return [[edit.step, edit.key, sharing.edit_text(edit).split(".", 2)[2]] for edit in self.edits]


def _too_far(step: int, most: int) -> sharing.LinkProblem:
    """The step that a link asks for would take too long to come to, for a network of this size."""
    return sharing.LinkProblem("step", str(step), f"at most {most}", "integer", {"low": 0, "high": most})


def _live_texts(experiment: Experiment) -> dict[str, Any]:
    """The live choices of an experiment, as the stage compares them."""
    return {
        "learning_rate": experiment.optimiser.schedule.initial,
        "optimiser": sharing.spec_text(experiment.optimiser, explicit=1),
        "regulariser": sharing.spec_text(experiment.regulariser, explicit=1),
    }


def _structure(settings: Settings) -> list[Any]:
    """The choices that begin a new run."""
    return [
        getattr(settings, choice.name) for choice in CHOICES if not choice.live and choice.name not in (*VIEW, "task")
    ]


def _choices_of(edit: Edit) -> dict[str, Any]:
    """An edit of a live choice, as choices."""
    if edit.key == "learning_rate":
        return {"learning_rate": edit.value}
    if edit.key == "optimiser":
        return flat_optimiser(edit.value)
    return flat_regulariser(edit.value) if edit.key == "regulariser" else {}
