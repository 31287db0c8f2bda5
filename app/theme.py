"""Streamlit's message of the theme, written once a server.

It goes out at the start of every run, and Streamlit 1.67 reads its three hundred settings six times to write it anew:
7 % of what the server worked while two hundred visitors turned knobs (`python -m tests.load acting`).
"""

from __future__ import annotations

from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session


def write_once() -> None:
    """From now on each section of the theme is read when it is first sent, and after the settings have changed."""
    write = app_session._populate_theme_msg
    written: dict[str, bytes] = {}

    def populate(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in written:
            fresh = CustomThemeConfig()
            write(fresh, section)
            written[section] = fresh.SerializeToString()
        if written[section]:  # merging nothing would say that a section without settings has some
            msg.MergeFromString(written[section])

    config.on_config_parsed(written.clear, force_connect=True)
    app_session._populate_theme_msg = populate
