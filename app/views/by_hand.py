"""One step by hand: a training step taken apart, with the formula and the numbers of each of its operations."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import own_panel, page, sharing, worksheet
from app.controls import ask_for, held, key_of, notice_of, put
from app.i18n import Translator
from app.lessons import LESSONS
from app.page import Notice
from app.session import Session
from app.walk import DIGITS, Walk
from app.workings import Workings
from app.worksheet import LAST_STEP, Worksheet
from engine.errors import ConfigurationError, MissingTableError

KEY = "sheet"
OWN = "own"  # in the menu of networks
ADDRESS = (*sharing.KEYS, *worksheet.KEYS)


def render(t: Translator) -> None:
    """One run of the page."""
    try:
        if KEY not in st.session_state:
            begin()
        own_panel.check(st.session_state[KEY].experiment.dataset)
    except MissingTableError as error:
        st.session_state.pop(KEY, None)
        ask_for(error, page.query())
    page.top(t, t("by_hand.title"))
    if "own.missing" not in st.session_state or not own_panel.asks(t):
        work(t)


def begin() -> None:
    """What a visitor sees first: what the link says, else the playground's network, else the first lesson."""
    sheet, problems = worksheet.read(page.query())
    for problem in problems:
        notice_of(problem)
    if "session" in st.session_state and not {"lesson", "v"} & set(st.query_params):
        sheet = own()
    st.session_state[KEY] = sheet


def own() -> Worksheet:
    """The playground's network at the step where its stage stands."""
    if "session" not in st.session_state:
        st.session_state["session"] = Session.opened("")[0]
    session: Session = st.session_state["session"]
    return worksheet.own(session.link, session.edit_texts, session.step, st.session_state.get("follow", 0))


@st.fragment
def work(t: Translator) -> None:
    """Everything that follows the walk: a fragment, so that an operation draws nothing else anew."""
    page.notices(t)
    choose(t)
    page.keep_in_address(st.session_state[KEY].query(), ADDRESS)
    try:
        walk = Walk(t, KEY)
    except ConfigurationError as error:
        st.error(Notice("misfit", error.name, str(error.value), error.accepted).say(t), icon=":material/info:")
        return
    workings = Workings(walk)
    workings.show()


def choose(t: Translator) -> None:
    """Which network, which example, which step, how many digits."""
    sheet: Worksheet = st.session_state[KEY]
    with st.container(key="hand_choice", horizontal=True, vertical_alignment="bottom", gap="small"):
        key = put("hand.lesson", sheet.lesson or OWN)
        st.selectbox(
            t("by_hand.lesson"), [OWN, *LESSONS], key=key, on_change=take_lesson, args=(key,), width=340,
            format_func=lambda name: t("by_hand.own") if name == OWN else t(f"lessons.{name}.name"),
            help=t("by_hand.lesson_help"),
        )  # fmt: skip
        examples = len(sheet.experiment.dataset.x_train)
        if examples > 1:
            st.number_input(
                t("by_hand.example", count=examples), 1, examples, key=put("hand.row", sheet.row + 1),
                on_change=take_row, width=150, help=t("by_hand.example_help"),
            )  # fmt: skip
        st.number_input(
            t("by_hand.step"),
            0,
            LAST_STEP,
            key=put("hand.step", sheet.step),
            on_change=take_step,
            width=150,
            help=t("by_hand.step_help"),
        )
        name = f"{KEY}.digits"
        st.selectbox(
            t("by_hand.digits"), DIGITS, key=put(name, held(name, DIGITS[1])), width=120, help=t("by_hand.digits_help"),
            format_func=lambda digits: str(digits) if digits < DIGITS[-1] else t("by_hand.all_digits"),
        )  # fmt: skip
    if sheet.lesson is not None:
        source = LESSONS[sheet.lesson].source
        st.caption(" ".join([t(f"lessons.{sheet.lesson}.look"), *([f"({source})"] if source else [])]))


def take_lesson(key: str) -> None:
    """Another network was chosen, if the menu is still there."""
    name = held("hand.lesson")
    if key != key_of("hand.lesson") or name not in (OWN, *LESSONS):
        return
    st.session_state[KEY] = own() if name == OWN else Worksheet(lesson=name)


def take_row() -> None:
    """Another example is followed."""
    st.session_state[KEY] = replace(st.session_state[KEY], row=held("hand.row") - 1)


def take_step() -> None:
    """Another step is taken apart."""
    st.session_state[KEY] = replace(st.session_state[KEY], step=held("hand.step"))
