"""A button that takes a file, and the table that came of it: a Streamlit component of a few lines.

The file goes over the page's own websocket, not over a route: nothing needs a cookie (a course page may embed the
site), behind a proxy it reaches the server that has the visitor's session, and a message of more than
`server.maxWidgetStateSize` is refused before anything of it is read. The browser does not even send what is larger than
the limit.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.own_data import MOST_BYTES, TableError

FOLDER = Path(__file__).parent
LONGEST_FILE_NAME = 80  # characters that are shown


@cache
def _component() -> Callable[..., Any]:
    """The component, registered when the first page needs it."""
    script, sheet = ((FOLDER / name).read_text() for name in ("picker.js", "picker.css"))
    return st.components.v2.component("backprop_picker", css=sheet, js=script)


def picker(words: Mapping[str, str], rows: Sequence[Sequence[str]], *, key: str, on_file: Callable[[], None]) -> None:
    """Draws the button and, where there are rows, a table whose first row is its head.

    Parameters
    ----------
    words : "choose" and "drop" for the button, "preview" for what a screen reader calls the table
    rows : plain text; nothing in it is ever markup
    key : `st.session_state[key].file` is what `received` takes, while `on_file` runs
    """
    _component()(
        key=key,
        data=[{"words": dict(words), "rows": [list(row) for row in rows], "most": MOST_BYTES}],  # a list: see app/stage
        on_file_change=on_file,
    )


def received(message: Any) -> tuple[str, bytes]:
    """(file name, content) of what the component sent.

    Raises
    ------
    TableError : where the file is too large, or the message is not the component's
    """
    if not isinstance(message, Mapping):
        raise TableError("broken")
    name, size, text = str(message.get("name", ""))[:LONGEST_FILE_NAME], message.get("size"), message.get("content")
    if isinstance(size, int) and size > MOST_BYTES:
        raise TableError("too_many_bytes", found=size, most=MOST_BYTES)
    if not isinstance(text, str) or len(text) > 4 * (MOST_BYTES // 3 + 1):
        raise TableError("broken")
    try:
        return name, base64.b64decode(text, validate=True)
    except binascii.Error:
        raise TableError("broken") from None
