"""What people bring as CSV: understood where it is plain, refused early and cheaply where it is hostile. Unit."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import subprocess
import sys
import zipfile
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import i18n
from app.bootstrap import ROOT
from app.own_data import MOST_BYTES, Reading, TableError, read_table
from app.own_panel import Pace, Report
from engine.datasets import own

FLOWERS = "length,width,kind\n5.1,3.5,setosa\n4.9,3,setosa\n6.3,2.9,virginica\n5.8,2.7,virginica\n"


def read(text: str) -> Reading:
    """The reading of a text."""
    return read_table(text.encode())


def refusal(content: bytes | str) -> TableError:
    """Why it is refused."""
    with pytest.raises(TableError) as caught:
        read_table(content.encode() if isinstance(content, str) else content)
    return caught.value


# -------------------------------------------------------------------------------------------------------- understood


def test_a_table_is_columns_of_numbers_and_of_classes():
    reading = read(FLOWERS)
    length, width, kind = reading.table.columns
    assert (length.name, length.numbers.tolist(), length.words) == ("length", [5.1, 4.9, 6.3, 5.8], ())
    assert (kind.numbers.tolist(), kind.words) == ([0, 0, 1, 1], ("setosa", "virginica"))
    assert (width.name, reading.header, reading.decimal_comma, reading.left_out) == ("width", True, False, ())


@pytest.mark.parametrize(
    "text",
    [
        FLOWERS.replace(",", ";"),
        FLOWERS.replace(",", "\t"),
        FLOWERS.replace(",", ";").replace(".", ","),
        FLOWERS.replace("\n", "\r\n"),
        FLOWERS.replace("\n", "\r"),
        "\ufeff" + FLOWERS,
        FLOWERS.replace("setosa", '"setosa"').replace(",", " , "),
        FLOWERS.replace("\n", "\n\n") + ",,\n",
        FLOWERS.replace("5.1", "+5.1").replace("4.9", "49e-1"),
    ],
    ids=["semicolons", "tabs", "decimal commas", "Windows", "old Mac", "BOM", "quotes and spaces", "gaps", "forms"],
)
def test_the_same_numbers_have_the_same_name_however_they_are_written(text):
    assert read(text).table.key == read(FLOWERS).table.key


def test_rows_without_names_get_some():
    reading = read(FLOWERS.partition("\n")[2])
    assert [column.name for column in reading.table.columns] == ["x1", "x2", "x3"]
    assert not reading.header
    assert reading.table.rows == 4


def test_a_year_among_the_names_is_a_name():
    assert read("place,2019,2020\n1,2,3\n4,5,6\n7,8,9\n1,2,4\n").header


def test_a_name_may_hold_what_parts_cells_elsewhere():
    reading = read("height; in cm,kind\n1,a\n2,b\n3,a\n4,b\n")
    assert [column.name for column in reading.table.columns] == ["height; in cm", "kind"]


def test_names_that_are_alike_or_absent_can_be_told_apart():
    names = [column.name for column in read("a,a,,b\n1,2,3,4\n2,3,4,5\n3,4,5,6\n4,5,6,7\n").table.columns]
    assert names == ["a", "a (2)", "x3", "b"]


def test_words_that_are_no_classes_stay_out():
    rows = "".join(f"person {number},{number},{number % 3}.5\n" for number in range(20))
    reading = read("who,a,b\n" + rows)
    assert reading.left_out == ("who",)
    assert b"person" not in reading.table.content, "what is not learned from is not kept"


def test_a_file_at_every_limit_is_taken():
    rng = np.random.default_rng(1)
    row = ",".join(["1.25"] * 20)
    many = "\n".join([row.replace("1.25", f"{rng.random():.2f}", 1) for _ in range(own.MOST_ROWS)])
    assert len(many) < MOST_BYTES
    assert read(many).table.rows == own.MOST_ROWS
    names = ",".join("n" * (own.LONGEST_NAME - 2) + f"{place:02d}" for place in range(own.MOST_COLUMNS))
    wide = names + "\n" + "\n".join(",".join(f"{rng.random():.1f}" for _ in range(own.MOST_COLUMNS)) for _ in range(9))
    assert len(read(wide).table.columns) == own.MOST_COLUMNS


# ------------------------------------------------------------------------------------------------------------ points


def test_points_within_the_plane_travel_in_the_link():
    assert read("x1,x2,label\n1.5,-2,0\n-0.5,1,1\n6,-6,1\n0,0,0\n").points == (
        (1.5, -2.0, 0), (-0.5, 1.0, 1), (6.0, -6.0, 1), (0.0, 0.0, 0),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "x,y,c\n7,2,0\n1,1,1\n2,2,0\n3,3,1\n",
        "x,y,c\n1,2,a\n1,1,b\n2,2,a\n3,3,b\n",
        "x,y,c\n1,2,0.5\n1,1,1\n2,2,0\n3,3,1\n",
        "x,y,z,c\n1,2,3,0\n1,1,3,1\n2,2,3,0\n3,3,3,1\n",
        "x,y,c\n" + "1,2,0\n2,1,1\n" * 101,
    ],
    ids=["beyond the plane", "named classes", "values", "three inputs", "too many"],
)
def test_what_a_link_cannot_hold_is_a_table(text):
    assert read(text).points is None


# ----------------------------------------------------------------------------------------- what is wrong, and where


@pytest.mark.parametrize(
    ("text", "kind", "row", "column"),
    [
        ("a,b\n1,2\n3,x\n4,5\n6,7\n", "not_number", 3, 2),
        ("a,b\n1,2\n\n3,\n4,5\n6,7\n", "missing", 4, 2),
        ("a,b\n1,2\n3,NaN\n4,5\n6,7\n", "missing", 3, 2),
        ("a,b\n1,2\n-inf,3\n4,5\n6,7\n", "not_number", 3, 1),
        ("a,b\n1,2\n1e999,3\n4,5\n6,7\n", "too_large", 3, 1),
        ("a,b\n1,2\n1" + "0" * 20 + ",3\n4,5\n6,7\n", "too_large", 3, 1),
        ("a,b\n1,2\n0x10,3\n4,5\n6,7\n", "not_number", 3, 1),
        ("a,b\n1,2\n1_000,3\n4,5\n6,7\n", "not_number", 3, 1),
        ("a,b\n1,2\n٣,3\n4,5\n6,7\n", "not_number", 3, 1),
        ("a,b\n1,2\n3\n4,5\n", "ragged", 3, None),
        ('a,b\n1,2\n3,"4\n5,6\n7,8\n', "quote", 3, None),
        ('a,b\n1,2\n"3"4,4\n5,6\n', "quote", 3, None),
        ("a,b\n1,2\n3,\x074\n5,6\n", "unprintable", 3, 2),
        ("a,\u202ebc\n1,2\n3,4\n5,6\n7,8\n", "unprintable", 1, 2),
        ("a," + "b" * 65 + "\n1,2\n3,4\n5,6\n7,8\n", "long_name", 1, 2),
        ("a,b\n1,yes\n2,\n3,no\n4,no\n", "missing", 3, 2),
        ("a,b\n1,2\n" + "3" * 17_000 + ",4\n", "long_line", 3, None),
        ("a;b\n1,5;2\n1.5;2\n2,25;3\n4;4\n", "mixed_decimals", 3, 1),
        ("a;b\n1,234;2\n2,500;2\n3;3\n4;4\n", "thousands", 2, 1),
        ("a,b\n1,2\n3,4\0\n5,6\n", "nul", 3, None),
        (b"a,b\n1,2\n3,\xe7\n5,6\n", "not_utf8", 3, None),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_is(text, kind, row, column):
    error = refusal(text)
    assert (error.kind, error.details.get("row"), error.details.get("column")) == (kind, row, column)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("  \n\n \n", "empty"),
        ("a\n1\n2\n3\n4\n", "one_column"),
        ("a,b\n1,2\n3,4\n", "too_few_rows"),
        (",".join("a" * 65) + "\n" + ",".join("1" * 65), "too_many_columns"),
        ("a,b\n" + "1,2\n" * 5001, "too_many_rows"),
        (",".join("a" * 64) + "\n" + (",".join("1" * 64) + "\n") * 1600, "too_many_cells"),
        ("a,b\nx,y\nz,y\nx,y\nz,x\n", "nothing_to_learn"),
        ("a,b\n1,same\n2,same\n3,same\n4,same\n", "nothing_to_learn"),
    ],
)
def test_what_is_no_table_is_refused(text, kind):
    assert refusal(text).kind == kind


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_refusal_has_its_sentence(language):
    t = i18n.translator(language)
    kinds = set(t.table("own.error"))
    filling = dict.fromkeys(("row", "found", "most", "least", "expected", "columns", "seconds"), 7)
    for kind in kinds:
        assert "{" not in Report(kind, filling | {"column": 2, "name": "width"}).say(t)
    raised = {kind for kind in kinds if any(f'"{kind}"' in path.read_text() for path in (ROOT / "app").rglob("*.py"))}
    assert raised == kinds


@given(st.text(max_size=300) | st.text('0123456789.,;\t\n\r"-+e ax', max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_table_or_a_refusal(text):
    _read_or_refuse(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_table_or_a_refusal(content):
    _read_or_refuse(content)


def _read_or_refuse(content: bytes) -> None:
    try:
        table = read_table(content).table
    except TableError:
        return
    assert own.OwnTable.from_content(table.content).key == table.key
    assert all(np.isfinite(column.numbers).all() for column in table.columns)
    assert table.tasks()


def test_a_pace_is_kept():
    pace = Pace(2, 60.0)
    pace.take()
    pace.take()
    with pytest.raises(TableError) as caught:
        pace.take()
    assert caught.value.kind == "too_often"
    assert 0 < caught.value.details["seconds"] <= 61


# ------------------------------------------------------------------------------------------------------------ hostile


def _zip(name: str = "data.csv") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, b"0" * 50_000_000)
    return made.getvalue()


def _npz() -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, x=np.zeros(6_000_000))
    return made.getvalue()


@cache
def _hostile() -> dict[str, tuple[bytes, str]]:
    """name -> (content, kind of the refusal): as it would be sent, and cut to the accepted size."""
    wide = b",".join([b"c"] * 1_300_000)
    return {
        "12 MB in two lines": (b"c,ddddd" * 850_000 + b"\n" + wide + b"\n", "too_many_bytes"),
        "500 KB in two lines": (wide[:250_000] + b"\n" + wide[:250_000] + b"\n", "no_line_end"),
        "15,000 columns": (wide[:30_001] + b"\n" + wide[:30_001] + b"\n", "too_many_columns"),
        "unclosed quote": (b"a,b\n1,2\n" + b"5,6\n" * 4900 + b'3,"4\n' + b"5" * 400_000, "quote"),
        "NUL": (b"a,b\n1,2\n3,\x004\n" + b"5.25,6.125\n" * 4500, "nul"),
        "UTF-16": (FLOWERS.encode("utf-16") * 2500, "utf16"),
        "UTF-16 without a mark": (FLOWERS.encode("utf-16-le") * 1500, "nul"),
        "zip": (_zip(), "not_text"),
        "npz": (_npz(), "not_text"),
        "gzip": (gzip.compress(b"0" * 50_000_000), "not_text"),
        "Parquet": (b"PAR1\x15\x04\x15" + b"\x00" * 400_000 + b"PAR1", "not_text"),
        "pickle": (pickle.dumps({"x": [1.0] * 1000}), "not_text"),
        "pickle in letters": (b"cos\nsystem\n(S'touch /tmp/pwned'\ntR.", "one_column"),
        "a million rows": (b"a,b\n" + b"1,2\n" * 1_000_000, "too_many_bytes"),
        "120,000 rows": (b"a,b\n" + b"1,2\n" * 120_000, "too_many_rows"),
        "formulas": (b"a,b\n" + b"=cmd|' /C calc'!A0,@SUM(A1)\n+SUM(A2),=HYPERLINK(1)\n" * 10, "nothing_to_learn"),
        "huge numbers": (b"a,b\n" + b"1e308,2\n" * 4000, "too_large"),
        "digits without end": (b"a,b\n1,2\n1,2\n1," + b"9" * 500_000 + b"\n", "long_line"),
        "not numbers": (b"a,b\n1,2\n1,2\n1,2\n1,inf\n", "not_number"),
        "deep JSON": (b"[" * 500_000, "no_line_end"),
        "empty cells": (b"a,b\n" + b",\n" * 9_900, "too_few_rows"),
        "quotes": (b"a,b\n" + b'"",""\n' * 70_000, "too_many_rows"),
        "lines": (b"a,b" + b"\n" * 500_000, "too_many_rows"),
        "the worst that is read whole": ((b",".join([b"1.250000"] * 20) + b"\n") * 2800 + b"x" * 19, "ragged"),
    }


# Measured in a process of its own, whose peak of memory Linux sets back before each file.
MEASURE = """
import json, sys, time
from app.own_data import TableError, read_table

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

def refuse(content):
    try:
        read_table(content)
    except TableError as error:
        return error.kind
    return "taken"

refuse(b"a,b\\n1,2\\n2,3\\n3,4\\n4,6\\n")
answers = []
for size in map(int, sys.argv[1:]):
    content = sys.stdin.buffer.read(size)
    open("/proc/self/clear_refs", "w").write("5")
    before, times = peak(), []
    for _ in range(3):
        begin = time.process_time()
        kind = refuse(content)
        times.append(time.process_time() - begin)
    answers.append({"kind": kind, "milliseconds": 1000 * min(times), "megabytes": peak() - before})
    del content
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """What each hostile file cost."""
    files = _hostile()
    contents = [content for content, _ in files.values()]
    command = [sys.executable, "-c", MEASURE, *(str(len(content)) for content in contents)]
    answer = subprocess.run(command, input=b"".join(contents), cwd=ROOT, capture_output=True, check=True)
    return dict(zip(files, json.loads(answer.stdout), strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is set back as Linux does it")
@pytest.mark.parametrize("name", _hostile())
def test_a_hostile_file_is_refused_within_50_ms_and_20_mb(name, measured):
    cost = measured[name]
    assert cost["kind"] == _hostile()[name][1]
    assert cost["milliseconds"] < 50, "of the processor's time, so that a busy machine does not matter"
    assert cost["megabytes"] < 20
