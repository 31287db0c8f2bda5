"""The route of loss surfaces: its query, its limits, its bytes, and the edit that puts a network somewhere."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

import engine
from app import sharing, surfaces
from app.traces import TraceError
from engine.checkpoints import CheckpointCache
from engine.pieces import finish

LINK = "v=1&net=dense:3:tanh,dense:1"
DIGITS = "v=1&data=digits&net=dense:256:relu,dense:128:relu,dense:10"


def answer(query: str) -> bytes:
    return finish(surfaces.surface_job(surfaces.parse_request(query), CheckpointCache()))


def decoded(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The documented format, read by hand."""
    assert content[:4] == b"BPS1"
    (length,) = struct.unpack("<I", content[4:8])
    assert length % 4 == 0
    header, offset, arrays = json.loads(content[8 : 8 + length]), 8 + length, {}
    for field in header["fields"]:
        count = int(np.prod(field["shape"]))
        arrays[field["name"]] = np.frombuffer(content, "<f4", count, offset).reshape(field["shape"])
        offset += 4 * count
    assert offset == len(content)
    return header, arrays


def test_the_bytes_are_the_engines_surface():
    header, arrays = decoded(answer(f"{LINK}&at=20&axes=random:5&resolution=7"))
    run = sharing.read_link(LINK).start()
    run.step(20)
    wanted = engine.landscape(run, engine.axes.RandomDirections(5), 7)
    for name, array in arrays.items():
        np.testing.assert_allclose(array, getattr(wanted, name), rtol=1e-6)
    assert (header["step"], header["rows"], header["columns"], header["dimensions"]) == (20, 7, 7, 2)
    assert sum(parameter["size"] for parameter in header["parameters"]) == len(arrays["centre"])
    assert header["examples"] == len(run.experiment.dataset.x_train)


def test_the_losses_are_the_losses_of_the_parameters_at_the_grid():
    header, arrays = decoded(answer(f"{LINK}&at=20&axes=path&resolution=5&over=test&dtype=float64"))
    run = sharing.read_link(f"{LINK}&dtype=float64").start()
    data = run.experiment.dataset
    for row, column in ((0, 0), (2, 2), (4, 1)):
        flat = (
            arrays["centre"].astype(float)
            + arrays["a"][column] * arrays["directions"][0]
            + arrays["b"][row] * arrays["directions"][1]
        )
        sizes = np.cumsum([parameter["size"] for parameter in header["parameters"]])[:-1]
        shapes = run.experiment.network.parameter_shapes()
        parts = zip(header["parameters"], np.split(flat, sizes), strict=True)
        run.set_parameters({parameter["name"]: part.reshape(shapes[parameter["name"]]) for parameter, part in parts})
        assert arrays["losses"][row, column] == pytest.approx(run.loss(data.x_test, data.targets_test), rel=1e-5)


def test_a_mini_batchs_surface_tells_how_many_examples_it_is_of():
    header, arrays = decoded(answer(f"{LINK}&at=20&over=batch&resolution=5&span=1,0.5"))
    assert header["examples"] == 10
    assert (arrays["a"][-1], arrays["b"][-1]) == (1.0, 0.5)


def test_weights_as_axes_are_named():
    header, arrays = decoded(answer(f"{LINK}&axes=weights:(dense-1-weight,4):(dense-2-bias,0)&resolution=3"))
    assert header["places"] == [["dense_1.weight", 4], ["dense_2.bias", 0]]
    assert np.count_nonzero(arrays["directions"]) == 2


def test_a_line_has_one_row():
    header, arrays = decoded(answer(f"{LINK}&axes=random:1:1&resolution=201"))
    assert arrays["losses"].shape == (1, 201)
    assert header["dimensions"] == 1


def test_losses_beyond_float32_are_infinite_and_not_an_error():
    _, arrays = decoded(
        answer("v=1&data=plane&net=dense:3:identity,dense:1&dtype=float64&resolution=3&span=1e4&axes=random")
    )
    assert np.isfinite(arrays["losses"][1, 1])


def test_the_route_knows_its_own_keys_and_leaves_the_links():
    request = surfaces.parse_request("v=1&data=xor&at=7&axes=path&centre=best&over=test&resolution=31&span=2")
    assert request == surfaces.SurfaceRequest("v=1&data=xor", 7, "path", "best", "test", 31, (2.0,))
    own = {*surfaces.WORDS, *surfaces.NUMBERS, "span"}
    assert not own & {*sharing.KEYS, *sharing.VIEW_KEYS}


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("at=-1", "at"), ("at=1.5", "at"), ("at=999999999999999", "at"), ("resolution=2", "resolution"),
        ("resolution=9999", "resolution"), ("resolution=200", "resolution"), ("centre=here", "centre"), ("over=all",
          "over"),
        ("axes=sideways", "axes"), ("axes=random:x", "axes"), ("axes=weights:(dense-9-weight,0)", "axes"),
        ("axes=weights:(dense-1-weight,99)", "axes"), ("axes=weights:(dense-1-weight,1):(dense-1-weight,1)", "axes"),
        ("axes=random((((((", "axes"), ("axes=path", "axes"), ("span=0", "span"), ("span=nan", "span"),
          ("span=1,2,3", "span"),
        ("span=1e9", "span"), ("data=nowhere", "data"), ("axes=" + "x" * 9000, "link"),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_refused_by_its_name(query: str, key: str):
    with pytest.raises(TraceError) as refusal:
        answer(f"{LINK}&{query}")
    assert (refusal.value.status, refusal.value.key) == (400, key)


@pytest.mark.parametrize("query", ["resolution=101", "at=90000000&resolution=5", "axes=path&at=3000000&resolution=5"])
def test_what_would_take_too_long_is_refused_before_it_runs(query: str):
    with pytest.raises(TraceError) as refusal:
        answer(f"{DIGITS}&{query}")
    assert refusal.value.status == 413


def test_equal_requests_have_one_tag_and_different_ones_two():
    one, same, other = (surfaces.etag(surfaces.parse_request(f"{LINK}&at={at}")) for at in (3, 3, 4))
    assert one == same != other


def test_the_work_comes_in_slices():
    job = surfaces.surface_job(surfaces.parse_request(f"{LINK}&at=200&resolution=61"), CheckpointCache())
    pauses = 0
    for _ in job:
        pauses += 1
    assert pauses > 3


def test_surfaces_start_from_the_films_checkpoints():
    checkpoints = CheckpointCache()
    request = surfaces.parse_request(f"{LINK}&at=50&resolution=3")
    first = finish(surfaces.surface_job(request, checkpoints))
    assert checkpoints.get(sharing.read_link(LINK), 50) is not None
    assert finish(surfaces.surface_job(request, checkpoints)) == first


# ------------------------------------------------------------------------------------------------------------ places


PLACES = [
    "9.place.random(7):now:0.5:-0.25",
    "9.place.path:first:1:2",
    "9.place.weights((dense-1-weight,2):(dense-1-bias,0)):best:1e-05:0",
]


@pytest.mark.parametrize("text", PLACES)
def test_a_place_survives_the_link(text: str):
    experiment = sharing.read_link(f"{LINK}&edits={text}")
    assert sharing.edit_text(experiment.edits[0]) == text
    assert sharing.read_link(sharing.write_link(experiment)) == experiment


@pytest.mark.parametrize(
    "text", ["random:now:1:2:3", "random:nowhere:1:2", "random(x):now:1:2", "random:now:1:inf", "random"]
)
def test_a_place_that_is_none_is_a_bad_edit(text: str):
    with pytest.raises(sharing.LinkError) as refusal:
        sharing.read_link(f"{LINK}&edits=9.place.{text}")
    assert refusal.value.key == "edits"


def test_the_film_goes_on_from_the_place_that_was_pressed():
    _, arrays = decoded(answer(f"{LINK}&at=9&axes=random:7&resolution=5"))
    run = sharing.read_link(f"{LINK}&edits=9.place.random(7):now:0.5:-0.25").start()
    run.step(9)
    flat = np.concatenate([array.reshape(-1) for array in run.parameters().values()])
    wanted = arrays["centre"] + 0.5 * arrays["directions"][0] - 0.25 * arrays["directions"][1]
    np.testing.assert_allclose(flat, wanted, rtol=1e-5, atol=1e-6)


# ----------------------------------------------------------------------------------------------- what links say of it


def test_a_link_says_whether_the_surface_is_open():
    assert sharing.read_surface("v=1&surface=path~now~train~contour~log") == "path~now~train~contour~log"
    assert sharing.read_surface("v=1&surface=") == ""
    assert sharing.read_surface("v=1") is None


def test_strange_words_about_the_surface_are_passed_over():
    link = "v=1&surface=%3Cscript%3E"
    assert sharing.read_surface(link) is None
    assert [problem.key for problem in sharing.read_link_leniently(link)[2]] == ["surface"]
