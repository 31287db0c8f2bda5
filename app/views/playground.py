"""The playground: the stage, and every control around it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import streamlit as st

from app import controls, costs, own_panel, page, worksheet
from app.assets import plotly_url
from app.i18n import Translator, translator
from app.problem import problem
from app.session import Session
from app.stage import stage
from app.state import MOST_LAYERS, Hidden, is_dense
from app.traces import build
from app.walk import Walk
from app.workings import Workings
from engine import Experiment
from engine.errors import ConfigurationError
from engine.optimisers import Optimiser

SHEET = "panel"


def render(t: Translator, layout: str = "network") -> None:
    """One run of the page; its stage is laid out around the network, or around the loss "surface"."""
    st.session_state["layout"] = layout
    if "session" not in st.session_state:
        st.session_state["visit"] = secrets.token_hex(8)
        controls.open_link(page.query())
    page.top(t, t("page.title") if layout == "network" else t("page.surface_title"))
    if own_panel.asks(t):
        return
    with st.sidebar:
        panel = controls.Panel(t)
        panel.lessons()
        panel.link()
        data(t)
        network(t)
        learning(t)
        show(t)
        fine_points(t)
    live(t)


# Each group of widgets is a fragment, and so is the stage: what a person does draws anew what shows something else
# (`controls.redrawing`), and nothing more.


@st.fragment(key="data")
def data(t: Translator) -> None:
    """Which problem, with which data."""
    panel = controls.Panel(t, "data")
    panel.problem()
    own_panel.offer(t)
    panel.data()


@st.fragment(key="network")
def network(t: Translator) -> None:
    """The hidden layers."""
    controls.Panel(t, "network").network()


@st.fragment(key="learning")
def learning(t: Translator) -> None:
    """How many examples an update sees."""
    controls.Panel(t, "learning").learning()


@st.fragment(key="show")
def show(t: Translator) -> None:
    """What the stage shows besides."""
    controls.Panel(t, "show").stage()


@st.fragment(key="fine")
def fine_points(t: Translator) -> None:
    """What most people never change."""
    controls.Panel(t, "fine").fine_points()


@st.fragment(key="live")
def live(t: Translator) -> None:
    """What acts on the network as it runs, above the stage."""
    page.notices(t)
    controls.Panel(t, "live").live()
    look(t)


@st.fragment(key=controls.STAGE)
def look(t: Translator) -> None:
    """The stage, and the panel below it."""
    if own_panel.missing():
        st.rerun()
    told = stage_data(t, st.session_state["session"])
    told["options"]["layout"] = st.session_state["layout"]
    workings = by_hand(t)
    if workings:
        told["lit"] = workings.lit
    settled = words_of(t.language), told_of(st.session_state["session"].start)
    stage(told, settled, key="stage", on_action=_act, on_player=_stand)
    step_panel(t, workings)


def by_hand(t: Translator) -> Workings | None:
    """This step taken apart, while the panel that shows it is open."""
    if not st.session_state.get("by_hand"):
        return None
    session: Session = st.session_state["session"]
    try:
        sheet = worksheet.own(session.link, session.edit_texts, session.step, st.session_state.get("follow", 0))
        before = st.session_state.get(SHEET)
        if before is None or replace(before, at="", weight=None, changes=()) != sheet:
            st.session_state[SHEET] = sheet
        return Workings(Walk(t, SHEET))
    except ConfigurationError:
        return None


def step_panel(t: Translator, workings: Workings | None) -> None:
    """The panel below the stage: the same walk as on the page of its own."""
    drawer = st.expander(t("by_hand.panel"), key="by_hand", on_change="rerun", icon=":material/calculate:")
    if drawer.open:
        with drawer:
            st.caption(t("by_hand.panel_look", step=st.session_state["session"].step))
            if workings:
                workings.beside()


def stage_data(t: Translator, session: Session) -> dict[str, Any]:
    """What the stage is told besides its words and its run's start; the film itself it fetches."""
    chosen = session.settings
    return {
        "visit": st.session_state.get("visit", ""),
        "link": session.link,
        "live": session.live,
        "edits": session.edit_texts,
        "step": session.step,
        "trace_url": f"/trace/{build()}",
        "engine_url": "/engine" if is_dense(session.start.network) else "/engine?kernels=all",
        "surface_url": f"/surface/{build()}",
        "plotly_url": plotly_url(),
        "surface": session.surface,
        "options": {"show_test": chosen.show_test, "discretise": chosen.discretise, "hidden": list(chosen.hidden)},
    }


@cache
def words_of(language: str) -> str:
    """What the stage is told of a language, as JSON."""
    t = translator(language)
    optimisers = [{"value": name, "label": t(f"names.optimiser.{name}")} for name in Optimiser.names()]
    return json.dumps({"locale": t.tag, "words": t.table("stage"), "optimisers": optimisers})


def told_of(start: Experiment) -> str:
    """What the stage is told of a run's start, as JSON: worked out once a run, and kept as long as its visitor."""
    known, told = st.session_state.get("told", (None, ""))
    if known is not start:
        told = json.dumps({"problem": problem(start.dataset), "frame": costs.frame(start)})
        st.session_state["told"] = start, told
    return str(told)


def _stand() -> None:
    """The film stands: the session knows where, for the panel and for other pages."""
    player = st.session_state["stage"].player
    session: Session = st.session_state["session"]
    if player:
        session = session.standing(player["link"], player["edits"], int(player["step"]))
        st.session_state["session"] = replace(session, surface=player["surface"])
        st.session_state["follow"] = int(player["follow"])


def _act() -> None:
    """A person changed the structure on the stage itself; or the stage tells a new session where it stands."""
    action = st.session_state["stage"].action
    if action["kind"] == "reopen":
        controls.renew()
        controls.open_link(str(action["link"]).removeprefix("?"))
        st.rerun()
    with controls.redrawing():
        _change_structure(action)


def _change_structure(action: Mapping[str, Any]) -> None:
    layers, features = controls.settings().layers, controls.settings().features
    kind, number = action["kind"], int(action.get("layer", 0))
    if kind == "toggle_feature":
        changed = [name for name in features if name != action["feature"]]
        controls.change(features=tuple(changed if len(changed) < len(features) else [*features, action["feature"]]))
    elif kind == "add_layer" and len(layers) < MOST_LAYERS:
        controls.change(layers=(*layers, Hidden(2)))
    elif kind == "remove_layer" and layers:
        controls.change(layers=layers[:-1])
    elif kind in ("add_unit", "remove_unit") and 0 <= number < len(layers):
        controls.change_units(number, layers[number].units + (1 if kind == "add_unit" else -1))
