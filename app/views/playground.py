"""The playground: the stage, and every control around it."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from app import controls, costs, own_panel, page
from app.i18n import Translator
from app.problem import problem
from app.session import Session
from app.stage import stage
from app.state import MOST_LAYERS, Hidden, is_dense
from app.traces import build


def render(t: Translator) -> None:
    """One run of the page."""
    if "session" not in st.session_state:
        st.session_state["visit"] = secrets.token_hex(8)
        controls.open_link(page.query())
    page.top(t, t("page.title"))
    if own_panel.asks(t):
        return
    panel = controls.Panel(t)
    st.session_state["drawn"] = panel.settings
    with st.sidebar:
        panel.lessons()
        panel.link()
        panel.problem()
        own_panel.offer(t)
        panel.data()
        panel.network()
        panel.learning()
        panel.stage()
        panel.fine_points()
    watch(t)


@st.fragment
def watch(t: Translator) -> None:
    """What changes while the network runs: a fragment, so that a new learning rate draws nothing else anew."""
    panel = controls.Panel(t)
    if own_panel.missing() or controls.beside_band(panel.settings) != controls.beside_band(st.session_state["drawn"]):
        st.rerun()
    page.notices(t)
    panel.live()
    stage(stage_data(t, st.session_state["session"]), key="stage", on_action=_act)


def stage_data(t: Translator, session: Session) -> dict[str, Any]:
    """What the stage is told; the film itself it fetches."""
    chosen = session.settings
    return {
        "visit": st.session_state.get("visit", ""),
        "link": session.link,
        "live": session.live,
        "edits": session.edit_texts,
        "step": session.step,
        "trace_url": f"/trace/{build()}",
        "engine_url": "/engine" if is_dense(session.start.network) else "/engine?kernels=all",
        "locale": t.tag,
        "words": t.table("stage"),
        "problem": problem(session.start.dataset),
        "frame": costs.frame(session.start),
        "options": {"show_test": chosen.show_test, "discretise": chosen.discretise, "hidden": list(chosen.hidden)},
    }


def _act() -> None:
    """A person changed the structure on the stage itself; or the stage tells a new session where it stands."""
    action = st.session_state["stage"].action
    if action["kind"] == "reopen":
        controls.open_link(str(action["link"]).removeprefix("?"))
        return
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
