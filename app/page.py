"""What every page shares: its style, and the line at its top with title and language."""

from __future__ import annotations

import logging
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from app.i18n import LANGUAGES, Translator, choose, translator

log = logging.getLogger(__name__)
STYLE = Path(__file__).with_name("page.css")
ECHO = 3.0  # seconds in which what the browser sends may still be of the page before it was drawn anew
# In the page itself: Streamlit's own icons come from a host on the internet.
ICON = "data:image/svg+xml;base64," + b64encode(Path(__file__).with_name("icon.svg").read_bytes()).decode()


def style() -> None:
    """The style sheet, once a run."""
    st.html(STYLE)


@st.fragment(run_every=3600)
def come_back() -> None:
    """Nothing, once an hour: because of it the browser asks for the page as soon as a lost connection is back, also
    where another server answers, which else would hear of the page at the visitor's next click.
    """


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


def keep_in_address(query: str, keys: Iterable[str]) -> None:
    """Makes the address bar say `query` of these keys, and nothing else of them."""
    said = dict(parse_qsl(query))
    for key in keys:
        if key in said and st.query_params.get(key) != said[key]:
            st.query_params[key] = said[key]
        elif key not in said and key in st.query_params:
            del st.query_params[key]


@dataclass(frozen=True)
class Notice:
    """What was not accepted: `kind` names its sentence; `form` and `details` say what would have been."""

    kind: str
    name: str = ""
    value: str = ""
    accepted: str = ""
    form: str = "other"
    details: Mapping[str, Any] = field(default_factory=dict)

    def say(self, t: Translator) -> str:
        """The sentence, as Markdown; nothing in it that came from outside is."""
        details = {name: _spelled(value) for name, value in self.details.items()} | {"accepted": self.accepted}
        accepted = t(f"accepts.{self.form}", **details)
        return t(f"notice.{self.kind}", name=escape(self.name), value=escape(self.value), accepted=escape(accepted))


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def notices(t: Translator) -> None:
    """What the page has to say about links and choices that were not accepted; said once."""
    said = st.session_state.pop("notices", ())
    st.session_state["noticed"] = bool(said)  # they stand there until this is drawn anew
    for notice in said:
        st.warning(notice.say(t), icon=":material/info:")


JOINER = "\u2060"  # takes no room and parts nothing, but what Markdown's plug-ins look for


def escape(text: str) -> str:
    """Text from outside as plain words in Markdown: no markup, no line of its own, no link, icon, arrow or emoji."""
    plain = re.sub(r"([:@<-]|www(?=\.))", rf"\1{JOINER}", " ".join(text.split()), flags=re.IGNORECASE)
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$&:.-])", r"\\\1", plain)


def apologise(error: Exception) -> bool:
    """Streamlit asks this when the script fails: the log gets the traceback, the visitor a sentence."""
    log.error("the page failed", exc_info=error)
    t = translator(language())
    st.error(t("error.unexpected"))
    return True


def language() -> str:
    """The language to show: the link's, else the one chosen on another page, else the browser's."""
    asked = st.query_params.get("lang") or st.session_state.get("spoken")
    left, since = st.session_state.get("left", (None, 0.0))
    if asked == left and time.monotonic() - since < ECHO:
        asked = st.session_state["language"]  # sent before the browser had heard of the other one
    if asked is not None and st.query_params.get("lang") != asked:
        st.query_params["lang"] = asked
    st.session_state["spoken"] = asked
    return choose(asked, st.context.locale)


def _switch_language() -> None:
    st.session_state["left"] = st.query_params.get("lang", st.session_state["drawn_in"]), time.monotonic()
    st.query_params["lang"] = st.session_state["language"]
