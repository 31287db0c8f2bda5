"""The playground's widgets: each shows one choice of the table in `app/state.py`, with help at its term.

Session state holds one `Session` under "session". A widget is set to its choice before it is drawn and changes that
choice when it is used, so links, lessons, the stage and the widgets never disagree, and a widget that is not drawn
forgets nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app import page, sharing
from app.costs import TooMuch
from app.i18n import Translator
from app.page import Notice
from app.presets import PRESETS, lesson
from app.session import Session
from app.state import CHOICE, DATASETS, OWN_DATASET, VIEW, Hidden, Settings
from engine import datasets
from engine.activations import ActivationFunction
from engine.datasets import own
from engine.errors import ConfigurationError, MissingTableError
from engine.layers import Layer

MOST_HIDDEN = 8  # layers in the menu; a link may have more
FINE_POINTS = (
    "loss", "huber_delta", "output_activation", "activation_alpha", "initialiser", "initialiser_scale", "use_bias",
    "momentum", "alpha", "beta1", "beta2", "epsilon", "weight_decay", "schedule", "schedule_steps", "schedule_factor",
    "schedule_final", "shuffle", "n", "standardise", "dtype",
)  # fmt: skip
# What is drawn by itself, a fragment each (app/views/playground.py): its key -> the choices that it shows. The stage is
# one too, and is drawn anew after every change.
GROUPS = {
    "data": (
        "task", "dataset", "noise", "train_fraction", "classes", "features", "target", "columns", "standardise",
        "details", "seed",
    ),
    "network": ("layers", "activation"),
    "learning": ("regime", "batch_size"),
    "show": ("show_test", "discretise", "points"),
    "fine": FINE_POINTS,
    "live": ("learning_rate", "optimiser", "regulariser", "regularisation_rate", "l2_rate"),
}  # fmt: skip
EVERYWHERE = ("task", "dataset", "table", "own_layers", "hidden")  # choices that change what nearly every group shows
STAGE = "look"


def settings() -> Settings:
    """What is chosen now."""
    session: Session = st.session_state["session"]
    return session.settings


def change(**changes: Any) -> None:
    """Changes choices; one that does not fit the others becomes a notice, and everything stays as it was."""
    session: Session = st.session_state["session"]
    try:
        show(session.change(**changes))
    except MissingTableError as error:
        ask_for(error, session.link)
    except TooMuch as error:
        notice(Notice(f"too_much_{error.lower}"))
    except ConfigurationError as error:
        notice(Notice("misfit", error.name, str(error.value), error.accepted))


def notice(words: Notice) -> None:
    """Leaves something to say above the stage when the page is drawn next."""
    st.session_state["notices"] = [*st.session_state.get("notices", ()), words]


def notice_of(problem: sharing.LinkProblem) -> None:
    """Leaves word of a link's key that is not accepted."""
    kind = "unknown_key" if problem.kind == "key" else "link"
    notice(Notice(kind, problem.key, problem.value, problem.accepted, problem.kind, problem.details))


def open_link(link: str) -> None:
    """Opens a link, ours or TF Playground's; each key of it that is not accepted becomes a notice."""
    try:
        session, problems = Session.opened(link)
    except MissingTableError as error:
        ask_for(error, link)
        return
    begin(session)
    for problem in problems:
        notice_of(problem)


def ask_for(error: MissingTableError, link: str) -> None:
    """Remembers a table that is not kept here and the link that needs it; the page asks for its file (own_panel.py)."""
    st.session_state["own.missing"] = {"table": error.value, "link": link}
    if "session" not in st.session_state:
        st.session_state["session"] = Session.of(Settings())


def begin(session: Session) -> None:
    """Shows another experiment; the menu of lessons says which one it is, if it is one."""
    show(session)
    put("lesson", next((name for name in PRESETS if lesson(name) == session.settings), None))


def show(session: Session) -> None:
    """Makes `session` what the visitor looks at; the stage keeps the address bar but for what is shown besides."""
    before: Session | None = st.session_state.get("session")
    if before is not None and session.link != before.link:
        st.session_state["follow"] = 0  # as the stage does with another film
    st.session_state["session"] = session
    page.keep_in_address(sharing.write_view(session.settings), sharing.VIEW_KEYS)


@contextmanager
def redrawing(group: str = STAGE, shown: str | None = None) -> Iterator[None]:
    """Around what a callback changes: the page then draws the stage and what shows something else, and nothing more.

    `shown` is a choice that the widget shows already. The widget's own `group` is drawn where it may still be on its
    way: Streamlit throws away what it has not yet sent of a fragment when one of its widgets is used.
    """
    before = settings()
    yield
    after = settings()
    said = "notices" in st.session_state or "own.missing" in st.session_state
    if said or _values(before, EVERYWHERE) != _values(after, EVERYWHERE):
        st.rerun()
    others = {name: [choice for choice in choices if choice != shown] for name, choices in GROUPS.items()}
    stale = {name for name, choices in others.items() if _values(before, choices) != _values(after, choices)}
    if _on_its_way(group):
        stale.add(group)
    if st.session_state.get("noticed"):
        stale.add("live")  # which begins with what has been said
    try:
        st.rerun([*sorted(stale), STAGE])
    except StreamlitAPIException:  # a page that is not there yet has none of them
        st.rerun()


def _on_its_way(group: str) -> bool:
    """Whether a group was drawn so lately that the browser may not have it yet."""
    drawn: float = st.session_state.get("drawn", {}).get(group, 0.0)
    return time.monotonic() - drawn < page.ECHO


def _values(chosen: Settings, names: Iterable[str]) -> list[Any]:
    """What widgets of these choices show, where they are shown."""
    return [getattr(chosen, name) if name in chosen.in_use else None for name in names]


class Panel:
    """Draws the widgets of one run of the page.

    Parameters
    ----------
    t : the words
    group : the fragment that is drawn, if it is one of `GROUPS`
    """

    def __init__(self, t: Translator, group: str | None = None) -> None:
        self.t = t
        self.settings = settings()
        if group is not None:
            st.session_state.setdefault("drawn", {})[group] = time.monotonic()

    # ------------------------------------------------------------------------------------------ one choice, one widget

    def _shown(self, name: str) -> bool:
        return name not in self.settings.hidden and name in self.settings.in_use

    def _common(self, name: str, value: Any = None) -> dict[str, Any]:
        """Label, help and callback of a choice's widget, which is first set to the choice, or to `value` for it."""
        value = getattr(self.settings, name) if value is None else value
        key = put(f"choice.{name}", list(value) if isinstance(value, tuple) else value)  # lists, as the browser sends
        words = CHOICE[name].label.removesuffix(".label")
        return {
            "label": self.t(f"{words}.label"),
            "help": f"{self.t(f'{words}.help')} {self._effect(name)}",
            "key": key,
            "on_change": _take,
            "args": (name,),
        }

    def _effect(self, name: str) -> str:
        """What using the widget does to the run."""
        if name in VIEW:
            return ""
        return self.t("controls.live_help") if CHOICE[name].live else self.t("controls.reset_help")

    def _name_of(self, family: str) -> Callable[[Any], str]:
        return lambda name: self.t(f"names.{family}.{name}")

    def menu(self, name: str, family: str, options: Sequence[str] | None = None, **more: Any) -> None:
        """A choice among names."""
        if self._shown(name):
            st.selectbox(
                options=options or known(name),
                format_func=self._name_of(family),
                **self._common(name),
                **more,
            )

    def scale(self, name: str, spell: Callable[[Any], str], **more: Any) -> None:
        """A choice among the numbers that its menu shows, and the present one."""
        if self._shown(name):
            st.select_slider(options=stops(name, self.settings), format_func=spell, **self._common(name), **more)

    def number(self, name: str, **more: Any) -> None:
        """A number within its limits, typed."""
        if self._shown(name):
            option: Any = CHOICE[name].option
            whole = isinstance(option.default, int)
            form = {"step": 1} if whole else {"step": None, "format": "%g"}
            st.number_input(min_value=option.low, max_value=option.high, **form, **self._common(name), **more)

    def flag(self, name: str) -> None:
        """Yes or no."""
        if self._shown(name):
            st.toggle(**self._common(name))

    # ---------------------------------------------------------------------------------------------------------- groups

    def lessons(self) -> None:
        """Ready experiments, and what to see in the chosen one."""
        t, key = self.t, put("lesson", held("lesson"))
        name = st.selectbox(
            t("presets.label"),
            list(PRESETS),
            index=None,
            format_func=lambda name: t(f"presets.{name}.name"),
            key=key,
            help=t("presets.help"),
            placeholder=t("presets.own"),
            on_change=_take_lesson,
            args=(key,),
        )
        if name in PRESETS:  # who speaks to the server without a browser may send any name
            st.caption(t(f"presets.{name}.look"))

    def link(self) -> None:
        """A box to paste a link into; drawn only while it is open."""
        t = self.t
        box = st.popover(t("link.title"), icon=":material/link:", width="stretch", key="link_box", on_change="rerun")
        if not box.open:
            return
        with box, st.form("link", border=False, clear_on_submit=True):
            st.text_input(t("link.label"), key="pasted", help=t("link.help"))
            st.form_submit_button(t("link.open"), on_click=_take_link, type="primary")
            st.caption(t("link.hint"))

    def problem(self) -> None:
        """Which problem, and which data."""
        t, chosen = self.t, self.settings
        st.header(t("controls.data.title"), anchor=False)
        if "task" not in chosen.hidden:
            st.segmented_control(
                options=known("task"), format_func=lambda task: t(f"controls.task.{task}"), required=True,
                width="stretch", label_visibility="collapsed", **self._common("task"),
            )  # fmt: skip
        names = [name for name in DATASETS if datasets.entry(name).task == chosen.task]
        self.menu("dataset", "dataset", names)

    def data(self) -> None:
        """What the data are like."""
        self._own_columns()
        self.number("classes")
        sliders = [name for name in ("noise", "train_fraction") if self._shown(name)]
        for name, cell in zip(sliders, st.columns(max(1, len(sliders)), gap="small"), strict=False):
            with cell:
                self.scale(name, percent)
        self._features()
        self._details()
        self._seed()

    def _own_columns(self) -> None:
        """Of a table of one's own: what is to be learned, and from what."""
        if self.settings.dataset not in OWN_DATASET.values():
            return
        chosen, table = self.settings, own.find(self.settings.table)
        target, inputs = table.roles({"target": chosen.target, "columns": chosen.columns}, chosen.task)
        number = {column: place for place, column in enumerate(table.columns, 1)}
        names = {place: column.name for column, place in number.items()}
        if self._shown("target"):
            fitting: Sequence[int] = table.targets(chosen.task)
            st.selectbox(
                options=fitting, format_func=names.__getitem__, **self._common("target", number[target])
            )  # fmt: skip
        if self._shown("columns"):
            able = [place for column, place in number.items() if not column.words and column is not target]
            common = self._common("columns", [number[column] for column in inputs])
            st.multiselect(options=able, format_func=names.__getitem__, **common)
        self._scales(inputs)

    def _scales(self, inputs: Sequence[own.Column]) -> None:
        """What the numbers on the stage are in, where they are not the table's own."""
        session: Session = st.session_state["session"]
        if session.start.dataset.features:
            first, second = (page.escape(column.name) for column in inputs)
            st.caption(self.t("own.in_plane", first=first, second=second))
        if self.settings.task == "regression" and self.settings.standardise:
            st.caption(self.t("own.values_scaled"))

    def _details(self) -> None:
        """How the data were made where no widget says it."""
        words = [(self.t(f"details.{name}"), value) for name, value in self.settings.details]
        if words:
            st.caption(", ".join(word if value is True else f"{word} {value}" for word, value in words))

    def _features(self) -> None:
        session: Session = st.session_state["session"]
        if self._shown("features") and session.start.dataset.features:
            st.pills(
                options=datasets.FEATURES,
                selection_mode="multi",
                format_func=self._name_of("feature"),
                **self._common("features"),
            )

    def _seed(self) -> None:
        if not self._shown("seed"):
            return
        common = self._common("seed", str(self.settings.seed))
        left, right = st.columns(2, gap="small", vertical_alignment="bottom")
        left.text_input(**common, max_chars=64)
        with right:
            st.button(
                self.t("controls.new_seed.label"),
                help=self.t("controls.new_seed.help"),
                on_click=new_seed,
                icon=":material/casino:",
                width="stretch",
            )

    def network(self) -> None:
        """Hidden layers and their activations."""
        t, chosen = self.t, self.settings
        st.header(t("controls.network.title"), anchor=False)
        if chosen.own_layers is not None:
            st.markdown(layer_list(t, chosen.own_layers), help=t("controls.own_layers.help"))
            return
        left, right = st.columns(2, gap="small", vertical_alignment="bottom")
        if "layers" not in chosen.hidden:
            left.number_input(
                t("controls.layers.label"), 0, max(MOST_HIDDEN, len(chosen.layers)), step=1,
                key=put("layers.count", len(chosen.layers)), help=t("controls.layers.help"),
                on_change=_take_layer_count,
            )  # fmt: skip
        with right:
            self.menu("activation", "activation")
        if not chosen.layers:
            st.caption(t("controls.layers.none"))
        elif "layers" not in chosen.hidden:
            self._layer_rows()

    def _layer_rows(self) -> None:
        t, layers = self.t, self.settings.layers
        mixed = any(layer.activation for layer in layers)
        each = mixed or bool(held("layers.mixed"))
        key = put("layers.mixed", each)
        cells = st.columns(2 if each else min(len(layers), 4), gap="small")
        for number, layer in enumerate(layers):
            cells[0 if each else number % len(cells)].number_input(
                t("controls.layers.layer", number=number + 1), 1, max(64, layer.units), step=1,
                key=put(f"layers.{number}.units", layer.units),
                help=None if number else t("controls.layers.units_help"), on_change=_take_units, args=(number,),
            )  # fmt: skip
            if each:
                self._layer_activation(cells[1], number, layer)
        if len(layers) > 1:
            st.toggle(
                t("controls.activation.per_layer"),
                key=key,
                help=t("controls.activation.per_layer_help"),
                on_change=_take_mixed,
            )

    def _layer_activation(self, cell: Any, number: int, layer: Hidden) -> None:
        cell.selectbox(
            self.t("controls.layers.activation"), known("activation"), format_func=self._name_of("activation"),
            key=put(f"layers.{number}.activation", layer.activation or self.settings.activation),
            on_change=_take_activation, args=(number,),
        )  # fmt: skip

    def learning(self) -> None:
        """What of the learning starts the network anew: how many examples an update sees."""
        st.header(self.t("controls.learning.title"), anchor=False)
        self.menu("regime", "regime")
        if self._shown("batch_size"):
            self.scale("batch_size", str)

    def fine_points(self) -> None:
        """What most people never change; drawn only while it is open."""
        drawer = st.expander(self.t("controls.advanced.title"), key="fine", on_change="rerun")
        if drawer.open:
            with drawer:
                for name in FINE_POINTS:
                    self._fine_point(name)

    def _fine_point(self, name: str) -> None:
        if name == "loss":
            self.menu("loss", "loss", self.settings.losses())
        elif name == "dtype":
            self.menu_of_words("dtype")
        elif name in ("initialiser", "schedule"):
            self.menu(name, name)
        elif name == "output_activation":
            self.menu(name, "activation")
        elif isinstance(CHOICE[name].default, bool):
            self.flag(name)
        else:
            self.number(name)

    def menu_of_words(self, name: str) -> None:
        """A choice among words that are the same in every language."""
        if self._shown(name):
            st.selectbox(options=known(name), **self._common(name))

    def stage(self) -> None:
        """What the stage shows besides."""
        if self._shown("show_test") or self._shown("discretise"):
            st.header(self.t("controls.show.title"), anchor=False)
        self.flag("show_test")
        self.flag("discretise")
        if self.settings.dataset == "points" and self.settings.points:
            st.button(self.t("controls.points.label"), help=self.t("controls.points.help"), on_click=_clear_points)

    def live(self) -> None:
        """The band above the stage: what acts on the network as it runs."""
        t = self.t
        with st.container(key="live", horizontal=True, vertical_alignment="bottom", gap="small"):
            self.scale("learning_rate", t.number, width=250)
            self.menu("optimiser", "optimiser", width=225)
            self.menu("regulariser", "regulariser", width=150)
            for name in ("regularisation_rate", "l2_rate"):
                if self._shown(name):
                    st.selectbox(
                        options=stops(name, self.settings), format_func=t.number, width=170, **self._common(name)
                    )


# ---------------------------------------------------------------------------------------------------------- callbacks


def _take(name: str) -> None:
    """A widget was used: its choice follows."""
    value = held(f"choice.{name}")
    if value is None:  # its page was left in the same moment, and the widget is gone (so below)
        return
    if name == "seed":
        value = int(value) if value.isdecimal() and str(int(value)) == value else value
    with redrawing(next(group for group, names in GROUPS.items() if name in names), name):
        change(**{name: value})


def _take_layer_count() -> None:
    layers, count = settings().layers, held("layers.count")
    if count is None:
        return
    with redrawing("network"):
        change(layers=(*layers[:count], *[Hidden(2)] * (count - len(layers))))


def _take_link() -> None:
    if st.session_state["pasted"].strip():
        open_link(st.session_state["pasted"])
    else:
        notice(Notice("empty_link"))


def _take_units(number: int) -> None:
    units = held(f"layers.{number}.units")
    if units is None:
        return
    with redrawing("network"):
        change_units(number, units)


def change_units(number: int, units: int) -> None:
    """Gives a hidden layer, counted from 0, another width."""
    _change_layer(number, units=units)


def _take_activation(number: int) -> None:
    chosen = held(f"layers.{number}.activation")
    if chosen is None:
        return
    with redrawing("network"):
        _change_layer(number, activation=None if chosen == settings().activation else chosen)


def _take_mixed() -> None:
    mixed = held("layers.mixed")
    if mixed is None:
        return
    if mixed:
        st.rerun("network")
    with redrawing("network"):
        change(layers=tuple(replace(layer, activation=None) for layer in settings().layers))


def _change_layer(number: int, **changes: Any) -> None:
    layers = list(settings().layers)
    if number < len(layers):  # a layer may have gone while its widget was used
        layers[number] = replace(layers[number], **changes)
        change(layers=tuple(layers))


def _take_lesson(key: str) -> None:
    """A lesson was chosen, if the menu is still there: its link is opened."""
    name = held("lesson")
    if key == key_of("lesson") and name in PRESETS:
        show(Session.of(lesson(name)))


def _clear_points() -> None:
    with redrawing("show"):
        change(points=CHOICE["points"].default)


def new_seed() -> None:
    """Another draw of the same kind: the next number, or another string for TF Playground's stream."""
    seed = settings().seed
    with redrawing("data"):
        change(seed=f"{random.random():.5f}" if isinstance(seed, str) else seed + 1)


# ------------------------------------------------------------------------------------------------------------ helpers


def layer_list(t: Translator, layers: Iterable[Layer], indent: str = "") -> str:
    """Layers in order as a Markdown list; those within a layer below it."""
    lines = []
    for layer in layers:
        options = {name: _option_words(t, name, value) for name, value in vars(layer).items()}
        lines.append(f"{indent}1. {t(f'layers.{layer.name}', **options).removesuffix(', ')}")
        if inner := getattr(layer, "layers", ()):
            lines.append(layer_list(t, inner, indent + "    "))
    return "\n".join(lines)


def _option_words(t: Translator, name: str, value: Any) -> str:
    """An option of a layer as people read it; nothing for an activation that does nothing."""
    if name in ("kernel_size", "size"):
        return "×".join(map(str, value if isinstance(value, tuple) else (value, value)))
    if isinstance(value, float):
        return percent(value)
    if isinstance(value, ActivationFunction):
        return "" if value.name == "identity" else t(f"names.activation.{value.name}")
    return str(value)


def known(name: str) -> tuple[str, ...]:
    """The words that a choice is one of."""
    option: Any = CHOICE[name].option
    words: tuple[str, ...] = option.known
    return words


def put(name: str, value: Any) -> str:
    """The key of a widget that is to show `value`, which the session holds under it from now on.

    Where the widget shows something else, it becomes another widget. The browser sends what all of its widgets show
    with each event, and what an old one sends before the browser has heard of the new value is nobody's choice.
    """
    key = key_of(name)
    if st.session_state.get(key, value) != value:
        turn(name)
        key = key_of(name)
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def speak(language: str) -> None:
    """To be said before widgets are drawn: in another language each becomes another widget. The browser sends most
    choices as the words that it shows, and those of one language are no choice in the other.
    """
    if st.session_state.get("drawn_in", language) != language:
        turn("")
    st.session_state["drawn_in"] = language


def turn(name: str) -> None:
    """Makes the widget that stands for `name` another one; all of them where no name is given."""
    turns = st.session_state.setdefault("turns", {})
    turns[name] = turns.get(name, 0) + 1


def renew() -> None:
    """Makes every widget another one, which the browser has never had. Beside a server that has forgotten the page it
    holds what the widgets of the one before showed, and may send that after it was told of something else.
    """
    st.session_state["turns"] = {"": random.randrange(1, 1_000_000_000)}


def key_of(name: str, back: int = 0) -> str:
    """The key of the widget that now stands for `name`, or of the one that did so many turns ago."""
    turns = st.session_state.get("turns", {})
    number = turns.get(name, 0) + turns.get("", 0) - back
    return f"{name}.{number}" if number > 0 else name


def held(name: str, default: Any = None) -> Any:
    """What the widget that stands for `name` shows, or the one before it showed; the default where there is none."""
    return st.session_state.get(key_of(name), st.session_state.get(key_of(name, 1), default))


def stops(name: str, chosen: Settings) -> list[Any]:
    """The values that a choice's menu shows, with the present one in its place."""
    return sorted({*CHOICE[name].shown, getattr(chosen, name)})


def percent(fraction: float) -> str:
    """0.05 as "5 %"."""
    return f"{100 * fraction:.3g} %"
