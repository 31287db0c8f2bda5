"""The stage as a Streamlit component: registered once, called with new data on every run of the page.

An inline script of components v2 becomes a Blob module, which cannot import its siblings. So the script here is a
loader: it imports the real entry from the route that serves `app/static/stage` under a hash of its content, and hands
over. All modules are asked for at once, rather than each when the one that imports it has come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Protocol

import streamlit as st

from app import assets

__all__ = ["StageState", "stage"]

LATER = "landscape/"  # modules that are fetched when the surface is opened
LOADER = """
const address = (name) => new URL("{folder}" + name, window.location.origin).href;
for (const name of {modules}) {{
  const link = document.createElement("link");
  Object.assign(link, {{ rel: "modulepreload", href: address(name) }});
  document.head.append(link);
}}
const entry = import(address("index.js"));
export default async function (component) {{
  const [data, ...settled] = component.data;
  for (const text of settled) Object.assign(data, JSON.parse(text));
  return (await entry).default({{ ...component, data }});
}}
"""


class StageState(Protocol):
    """What the stage tells the page.

    Attributes
    ----------
    player : the link that is shown with its edits, the step where the film stands, the followed example and the
        selected unit or edge: {"link", "edits", "step", "follow", "selected", "surface"}; sent when the film stands
        elsewhere than the page has said, never while it runs
    action : what a person asked for on the network itself, for this one run: {"kind", "layer" or "feature"}; else None
    """

    player: Mapping[str, Any] | None
    action: Mapping[str, Any] | None


@cache
def _component() -> Callable[..., Any]:
    """The component, registered when the first page needs it: not every test that imports the app has a server."""
    files = assets.stage_files()
    modules = json.dumps([name for name in files if name.endswith(".js") and not name.startswith(LATER)])
    loader = LOADER.format(folder=assets.stage_url(""), modules=modules)
    return st.components.v2.component("backprop_stage", css=files["stage.css"].content.decode(), js=loader)


def stage(
    data: Mapping[str, Any],
    settled: Iterable[str] = (),
    *,
    key: str = "stage",
    on_action: Callable[[], None] | None = None,
    on_player: Callable[[], None] | None = None,
) -> StageState:
    """The network that learns, with its film's controls, its map and its loss curve.

    Parameters
    ----------
    data : what to show, as plain values: link, live, edits, step, trace_url, engine_url, options
        (`app.views.playground.stage_data` builds it); a picture that stands says everything here
    settled : more of it that seldom changes, as JSON objects: locale, words, problem, frame. Streamlit writes its data
        twice a run, and numbers and nested words took it a tenth of the server's time; a text is copied
    key : under which `st.session_state` keeps what the stage told
    on_action, on_player : called before the page runs because of one of them
    """
    state: StageState = _component()(
        key=key,
        # a list, for in a dictionary Streamlit looks for tables, and loads pandas for it: 1.5 s and 100 MB
        data=[dict(data), *settled],
        default={"player": None},
        on_player_change=on_player or _nothing,
        on_action_change=on_action or _nothing,
    )
    return state


def _nothing() -> None:
    """Streamlit gives a value to a component only where somebody listens."""
