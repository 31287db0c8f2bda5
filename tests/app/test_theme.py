"""The theme's message is Streamlit's own, however often it is sent."""

from __future__ import annotations

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from app import theme

ANEW = app_session._populate_theme_msg


def message(write) -> CustomThemeConfig:
    """What a run sends, as `AppSession._create_new_session_message` puts it together."""
    whole = CustomThemeConfig()
    write(whole)
    write(whole.light, "theme.light")
    write(whole.dark, "theme.dark")
    write(whole.sidebar, "theme.sidebar")
    write(whole.light.sidebar, "theme.light.sidebar")
    write(whole.dark.sidebar, "theme.dark.sidebar")
    return whole


@pytest.fixture
def once(monkeypatch):
    """The writer that is put in the place of Streamlit's."""
    monkeypatch.setattr(app_session, "_populate_theme_msg", ANEW)
    theme.write_once()
    return app_session._populate_theme_msg


@pytest.fixture
def setting():
    """Sets options of Streamlit as its file of settings would; puts them back."""
    before = {}

    def put(name: str, value: object) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)
        config._on_config_parsed.send()

    yield put
    for name, value in before.items():
        put(name, value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"theme.primaryColor": "#123456"},
        {
            "theme.primaryColor": "#123456",
            "theme.dark.linkColor": "#000001",
            "theme.light.sidebar.textColor": "#010203",
        },
        {"theme.font": "serif", "theme.chartCategoricalColors": ["#111111", "#222222"]},
    ],
)
def test_each_time_as_streamlit_writes_it(once, setting, options):
    for name, value in options.items():
        setting(name, value)
    for _ in range(3):
        assert message(once).SerializeToString() == message(ANEW).SerializeToString()


def test_settings_that_change_are_read_again(once, setting):
    setting("theme.primaryColor", "#123456")
    assert message(once).primary_color == "#123456"
    setting("theme.primaryColor", "#654321")
    assert message(once).primary_color == "#654321"


def test_settings_are_read_once(once, monkeypatch):
    message(once)
    monkeypatch.setattr(config, "get_options_for_section", lambda section: pytest.fail(f"{section} is read again"))
    message(once)
