"""Own data on the page, without a browser: pasting, mistakes, missing tables, and what a session weighs."""

from __future__ import annotations

import base64
import functools
import gc
import random
import sys
import types
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import i18n, own_panel, sharing
from app.own_data import MOST_BYTES, TableError, read_table
from app.picker import received
from app.session import Session
from engine.datasets import own
from engine.errors import MissingTableError
from tests.app.test_views import open_app, session, widgets

__all__ = ["open_app"]  # a fixture
Run = Callable[..., AppTest]

FLOWERS = "length,width,kind\n" + "".join(f"{p % 7}.5,{p % 5},{'ab'[p % 2]}\n" for p in range(30))


def paste(app: AppTest, text: str) -> AppTest:
    """Types rows and uses them, in the drawer that is opened for it."""
    if "own.missing" not in app.session_state:
        app.session_state["own"] = True
        app.run()
    app.text_area(key="own.text").set_value(text)
    words = {i18n.translator(language)("own.use") for language in i18n.LANGUAGES}
    next(button for button in app.button if button.label in words).click()
    app.run()
    assert not app.exception
    return app


def weight(thing: object) -> int:
    """Bytes of everything that a thing holds, but for what all sessions share: code, and bounded caches."""
    shared = (type, types.ModuleType, types.FunctionType, types.CodeType, functools._lru_cache_wrapper)
    seen: set[int] = set()
    waiting, total = [thing], 0
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, shared):
            continue
        seen.add(id(found))
        total += found.nbytes if isinstance(found, np.ndarray) else sys.getsizeof(found)
        waiting += gc.get_referents(found)
    return total


def largest() -> str:
    """The largest table that is accepted: every cell, every byte of every name."""
    rng = random.Random(6)
    names = ",".join("n" * (own.LONGEST_NAME - 2) + f"{place:02d}" for place in range(20))
    row = ",".join(["{:.1f}"] * 18) + ",{:.1f},{}\n"
    rows = "".join(
        row.format(*(rng.random() for _ in range(19)), "c" * 60 if line % 200 == 0 else "d") for line in range(5000)
    )
    return f"{names}\n{rows}"


def test_pasted_rows_become_the_data(open_app: Run):
    app = paste(open_app(), FLOWERS)
    chosen = session(app).settings
    assert (chosen.dataset, chosen.table) == ("own_classes", read_table(FLOWERS.encode()).table.key)
    assert "table=" in session(app).link
    assert app.session_state["own.text"] == FLOWERS


def test_another_table_begins_with_its_own_columns(open_app: Run):
    app = paste(open_app(), FLOWERS)
    app.multiselect(key="choice.columns").set_value([1]).run()
    assert session(app).settings.columns == (1,)
    app = paste(app, FLOWERS.replace("30", "31").replace("length", "height"))
    assert session(app).settings.columns == ()


def test_the_same_table_can_be_asked_for_a_value(open_app: Run):
    app = paste(open_app(), FLOWERS)
    widgets(app)["choice.task"].set_value("regression").run()
    assert not app.exception
    chosen = session(app).settings
    assert (chosen.dataset, chosen.table) == ("own_values", read_table(FLOWERS.encode()).table.key)
    next(menu for menu in app.selectbox if menu.key.startswith("choice.target")).set_value(1).run()
    assert session(app).start.dataset.input_names == ("width",)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_a_mistake_changes_nothing(open_app: Run, language: str):
    app = open_app(data="xor", lang=language)
    link = session(app).link
    app = paste(app, "a,b\n1,2\n3,?\n4,5\n5,6\n")
    assert session(app).link == link
    assert app.error[0].value == own_panel.Report("missing", {"row": 3, "column": 2, "name": "b"}).say(
        i18n.translator(language)
    )
    assert app.session_state["own.text"].startswith("a,b")


def test_too_many_files_in_a_minute_wait(open_app: Run):
    app = open_app()
    for _ in range(own_panel.NOBODY_MORE_THAN[0] + 1):
        app = paste(app, "a\n")
    assert app.session_state["own.report"].kind == "too_often"


def test_a_link_to_a_table_that_is_gone_asks_and_goes_on(open_app: Run):
    table = read_table(FLOWERS.replace("kind", "sort").encode()).table
    query = {"v": "1", "data": "own_classes", "table": table.key, "net": "dense:3:tanh,dense:1", "step": "12"}
    app = open_app(**query)
    assert app.subheader[0].value == i18n.translator("en")("own.missing.title")
    assert not app.get("selectbox"), "nothing else is drawn, so the address bar keeps the link"
    app = paste(app, FLOWERS)
    assert app.session_state["own.report"].kind == "another_table"
    app = paste(app, FLOWERS.replace("kind", "sort").replace(",", "\t"))
    assert session(app).settings.table == table.key
    assert (session(app).step, len(session(app).start.network.layers)) == (12, 2)


def test_a_visitor_can_go_on_without_the_table(open_app: Run):
    app = open_app(v="1", data="own_values", table="0" * 64)
    next(button for button in app.button if button.label == i18n.translator("en")("own.missing.go_on")).click()
    app.run()
    assert not app.exception
    assert session(app).settings.dataset == "circle"


def test_a_table_that_goes_while_it_is_looked_at_is_asked_for(open_app: Run, monkeypatch):
    app = paste(open_app(), FLOWERS)
    monkeypatch.setattr(own, "shelf", own.Shelf(own.OwnTable.from_content))
    app.run()
    assert not app.exception
    assert app.subheader[0].value == i18n.translator("en")("own.missing.title")


def test_a_link_names_what_does_not_fit_the_table(open_app: Run):
    key = own.keep(read_table(FLOWERS.encode()).table)
    for query, bad in (({"target": "1"}, "target"), ({"columns": "3"}, "columns"), ({"table": "xyz"}, "table")):
        given = {"data": "own_classes", "table": key, "target": "3"} | query
        experiment, _, problems = sharing.read_link_leniently("&".join(f"{k}={v}" for k, v in given.items()))
        assert problems[0].key == bad
        assert experiment.dataset.name == "own_classes"
    with pytest.raises(MissingTableError):
        sharing.read_link_leniently(f"data=own_classes&table={'1' * 64}&noise=loud")


def test_a_session_with_the_largest_table_is_small(open_app: Run):
    text = largest()
    assert 0.6 * MOST_BYTES < len(text) <= MOST_BYTES
    table = read_table(text.encode()).table
    assert table.size == own.MOST_CELLS * 8
    app = open_app()
    own.keep(table)
    app.session_state["session"] = Session.of(session(app).settings.change(dataset="own_classes", table=table.key))
    app.run()
    assert not app.exception
    app = paste(app, text[: own_panel.LONGEST_PASTE].rsplit("\n", 1)[0])
    assert len(session(app).start.dataset.x_train) > 200
    assert 50_000 < weight(app.session_state._state) < 1_000_000


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (None, "broken"),
        ("a,b", "broken"),
        ({}, "broken"),
        ({"name": "a.csv", "size": 3, "content": "???"}, "broken"),
        ({"name": "a.csv", "size": 3, "content": ["YQ=="]}, "broken"),
        ({"name": "a.csv", "size": 10**9, "content": None}, "too_many_bytes"),
        ({"name": "a.csv", "size": 3, "content": "A" * 2 * MOST_BYTES}, "broken"),
    ],
)
def test_a_message_that_is_not_the_pickers_is_refused(message, kind):
    with pytest.raises(TableError) as caught:
        received(message)
    assert caught.value.kind == kind


def test_a_file_of_the_largest_size_is_received():
    content = b"x" * MOST_BYTES
    message = {"name": "n" * 300, "size": MOST_BYTES, "content": base64.b64encode(content).decode()}
    name, got = received(message)
    assert (len(name), got) == (80, content)


def by_hand() -> None:
    """The page by hand as a script of its own."""
    from app import i18n
    from app.views import by_hand

    by_hand.render(i18n.translator("en"))


def test_the_page_by_hand_asks_for_a_missing_table_too():
    table = read_table(FLOWERS.replace("kind", "type").encode()).table
    app = AppTest.from_function(by_hand, default_timeout=60)
    for key, value in {"v": "1", "data": "own_classes", "table": table.key, "net": "dense:2:tanh,dense:1"}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    assert app.subheader[0].value == i18n.translator("en")("own.missing.title")
    own.keep(table)
    del app.session_state["own.missing"]
    app.run()
    assert not app.exception
    assert app.session_state["sheet"].experiment.dataset.spec["options"]["table"] == table.key
