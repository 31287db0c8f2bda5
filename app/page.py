"""What every page shares: its style, and the line at its top with title and language."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from app.i18n import LANGUAGES, Translator

STYLE = Path(__file__).with_name("page.css")
# In the page itself: Streamlit's own icons come from a host on the internet.
ICON = "data:image/svg+xml;base64," + b64encode(Path(__file__).with_name("icon.svg").read_bytes()).decode()


def style() -> None:
    """The style sheet, once a run."""
    st.html(STYLE)


def top(t: Translator, title: str) -> None:
    """The page's title, and the switch between the languages."""
    with st.container(key="title", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(title, anchor=False, width="stretch")
        if st.session_state.get("language") != t.language:
            st.session_state["language"] = t.language
        st.segmented_control(
            t("page.language"),
            list(LANGUAGES),
            format_func=str.upper,
            key="language",
            required=True,
            label_visibility="collapsed",
            on_change=_switch_language,
        )


def query() -> str:
    """The address bar's query, as the browser sent it with this run."""
    return urlencode(st.query_params.to_dict())


def notices(t: Translator) -> None:
    """What the page has to say about links and choices that were not accepted; said once."""
    for kind, values in st.session_state.pop("notices", ()):
        st.warning(
            t(f"notice.{kind}", **{name: escape(value) for name, value in values.items()}), icon=":material/info:"
        )


def escape(text: str) -> str:
    """Text from outside as plain words in Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:.-])", r"\\\1", text)


def _switch_language() -> None:
    st.query_params["lang"] = st.session_state["language"]
