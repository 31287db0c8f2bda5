"""A page as Streamlit's own browser code keeps it: one websocket, protobuf both ways, the state of every widget.

    browser -> BackMsg.rerun_script     the address bar, every widget's value
    server  -> ForwardMsg               new_session, deltas, script_finished

What is sent was copied from a real Chromium (tests/load/test_visitors.py compares); of what comes, only ids, values and
the stage's data are looked at.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from tests.load.connection import Lost, Site

RUN_SECONDS = 60.0  # a run of the script that takes longer is lost
COOKIE_OF_FORMS = "_streamlit_xsrf"
NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"  # what the browser sends before it has the cookie


class PageFailed(Exception):
    """The script ended with an error, or the page lacks something."""


@dataclass
class Widget:
    """A widget on the page. `told`: its state goes with every run, as that of everything but buttons does."""

    state: WidgetState
    fragment: str
    told: bool = True


class Page:
    """One visitor's page.

    Parameters
    ----------
    site : where
    query : what stands in the address bar
    """

    def __init__(self, site: Site, query: str = "") -> None:
        self.site, self.query = site, query
        self.widgets: dict[str, Widget] = {}
        self.stage: dict[str, Any] = {}
        self.session_id = ""
        self._socket: ClientConnection | None = None
        self._script = ""
        self._seen: set[str] = set()
        self._fragments: set[str] = set()

    async def open(self) -> float:
        """Opens the socket, with the session that the page had if there was one, and runs the script; seconds."""
        started = time.perf_counter()
        token = self.site.cookies.get(COOKIE_OF_FORMS, NO_TOKEN)
        protocols: list[Any] = ["streamlit", token, *[self.session_id] * bool(self.session_id)]
        try:
            self._socket = await connect(
                f"ws://{self.site.address}/_stcore/stream",
                subprotocols=protocols,
                origin=f"http://{self.site.address}",  # type: ignore[arg-type]
                additional_headers={"Cookie": self.site.cookie} if self.site.cookies else None,
                local_addr=(self.site.source, 0),
                compression=None, ping_interval=None, max_size=None, open_timeout=RUN_SECONDS,
            )  # fmt: skip
        except (OSError, EOFError, WebSocketException) as error:
            raise Lost(f"no websocket: {error!r}") from error
        await self.run()
        return time.perf_counter() - started

    async def act(self, key: str, value: Any) -> float:
        """Uses a widget; seconds until the page has been drawn anew.

        Parameters
        ----------
        key : the widget's key
        value : a text, a number, a flag or a list of texts, as the widget tells it; True presses a button
        """
        if key not in self.widgets:
            raise PageFailed(f"there is no widget {key}")
        widget = self.widgets[key]
        if not widget.told:
            return await self.run(widget.fragment, WidgetState(id=widget.state.id, trigger_value=value))
        if isinstance(value, list):
            widget.state.string_array_value.data[:] = value
        else:
            setattr(widget.state, str(widget.state.WhichOneof("value")), value)
        return await self.run(widget.fragment)

    def value(self, key: str) -> Any:
        """What a widget shows: a text, a number, a flag or a list of texts."""
        state = self.widgets[key].state
        value = getattr(state, state.WhichOneof("value") or "string_value")
        return list(value.data) if hasattr(value, "data") else value

    async def stage_tells(self, **state: Any) -> float:
        """What the stage keeps telling: the last value goes with every run from now on."""
        stage = self.widgets["stage"]
        stage.state.json_value, stage.told = json.dumps(state), True
        return await self.run(stage.fragment)

    def asks_of_stage(self, actions: str) -> WidgetState:
        """What the stage asks for, as JSON; a trigger of a run."""
        return WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{self.widgets['stage'].state.id}__events", json_trigger_value=actions
        )

    async def run(self, fragment: str = "", *triggers: WidgetState) -> float:
        """Has the script run; seconds until it has finished.

        Raises
        ------
        Lost : the socket broke, or the run took too long
        PageFailed : the script ended with an error
        """
        started = time.perf_counter()
        await self.send(self.asks(fragment, *triggers).SerializeToString())
        try:
            async with asyncio.timeout(RUN_SECONDS):
                await self._follow_run()
        except TimeoutError as error:
            raise Lost(f"the script has not finished for {RUN_SECONDS:.0f} s") from error
        seconds = time.perf_counter() - started
        self.widgets = {key: one for key, one in self.widgets.items() if key in self._seen or not self._drawn_anew(one)}
        return seconds

    def _drawn_anew(self, widget: Widget) -> bool:
        """Whether the run that has ended drew the part of the page where a widget was."""
        return not self._fragments or widget.fragment in self._fragments

    async def send(self, message: bytes) -> None:
        """Sends bytes, whatever they are."""
        assert self._socket is not None
        try:
            await self._socket.send(message)
        except (ConnectionClosed, OSError) as error:
            raise Lost(repr(error)) from error

    async def receive(self) -> bytes:
        """The next message."""
        assert self._socket is not None
        try:
            content = await self._socket.recv(decode=False)
        except (ConnectionClosed, OSError) as error:
            raise Lost(repr(error)) from error
        return content

    def asks(self, fragment: str, *triggers: WidgetState) -> BackMsg:
        """The message that has a part of the page drawn, or all of it."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = self.query
        rerun.page_script_hash = self._script
        rerun.fragment_id = fragment
        rerun.widget_states.widgets.extend(widget.state for widget in self.widgets.values() if widget.told)
        rerun.widget_states.widgets.extend(triggers)
        info = rerun.context_info
        info.timezone, info.locale, info.color_scheme = "UTC", "en-US", "light"
        info.url = f"http://{self.site.address}/"
        info.timezone_offset, info.is_embedded = 0, False
        return message

    async def _follow_run(self) -> None:
        self._seen = set()
        begun = False
        while True:
            message = ForwardMsg.FromString(await self.receive())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                begun = True
                self._begin(message.new_session)
                self._fragments = set(message.metadata.run.fragment_ids)
            elif kind == "navigation":
                self._script = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._take(message)
            elif kind == "script_finished" and begun:
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise PageFailed("the script did not compile")
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    break

    def _begin(self, new: Any) -> None:
        self.session_id = new.initialize.session_id
        self._script = new.page_script_hash

    def _take(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception" or (kind == "alert" and element.alert.format == element.alert.ERROR):
            raise PageFailed(str(getattr(element, kind)))
        if kind == "bidi_component" and element.bidi_component.component_name == "backprop_stage":
            now, *settled = json.loads(element.bidi_component.json)
            self.stage = now | {key: value for text in settled for key, value in json.loads(text).items()}
        if kind in TOLD:
            self._keep(getattr(element, kind), TOLD[kind], message.delta.fragment_id)

    def _keep(self, element: Any, tell: Callable[[Any, WidgetState], None] | None, fragment: str) -> None:
        """A widget was drawn: a new one begins with its default, a known one keeps its value unless Python sets it."""
        key = element.id.split("-", 2)[2]
        self._seen.add(key)
        known = self.widgets.get(key)
        if known is not None and known.state.id == element.id and not getattr(element, "set_value", False):
            known.fragment = fragment
            return
        state = WidgetState(id=element.id)
        if tell is not None:
            tell(element, state)
        in_form = bool(getattr(element, "form_id", ""))  # what stands in a form is told when the form is sent
        self.widgets[key] = Widget(state, fragment, tell is not None and not in_form)

    @property
    def lost(self) -> bool:
        """Whether the socket has been closed."""
        return self._socket is None or self._socket.state is not State.OPEN

    async def close(self) -> None:
        """Closes the page, as a person closes a tab."""
        if self._socket is not None:
            await self._socket.close()

    def abort(self) -> None:
        """Cuts the socket, as a pulled cable does."""
        if self._socket is not None:
            self._socket.transport.abort()


def _number(element: Any, state: WidgetState) -> None:
    value = element.value if element.set_value else element.default
    if element.data_type == element.INT:
        state.int_value = int(value)
    else:
        state.double_value = value


def _menu(element: Any, state: WidgetState) -> None:
    if element.set_value and element.HasField("raw_value"):
        state.string_value = element.raw_value
    elif not element.set_value and element.HasField("default"):
        state.string_value = element.options[element.default]


def _slider(element: Any, state: WidgetState) -> None:
    chosen = element.raw_value if element.set_value else [element.options[int(index)] for index in element.default]
    state.string_array_value.data[:] = chosen


def _pills(element: Any, state: WidgetState) -> None:
    chosen = element.raw_values if element.set_value else [element.options[index].content for index in element.default]
    state.string_array_value.data[:] = chosen


def _flag(element: Any, state: WidgetState) -> None:
    state.bool_value = element.value if element.set_value else element.default


def _text(element: Any, state: WidgetState) -> None:
    state.string_value = element.value if element.set_value else element.default


# kind of element -> how its first value is told; None: a button or a component, which tells only what happens
TOLD: dict[str, Callable[[Any, WidgetState], None] | None] = {
    "number_input": _number,
    "selectbox": _menu,
    "slider": _slider,
    "button_group": _pills,
    "checkbox": _flag,
    "text_input": _text,
    "button": None,
    "bidi_component": None,
}
