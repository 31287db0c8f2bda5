"""The shipped films are what the engine records, and answer only what they hold."""

from __future__ import annotations

import numpy as np
import pytest

from app import films
from app.traces import TraceService, parse_request, read
from engine import Trace


@pytest.mark.parametrize("name", films.LINKS)
def test_a_film_is_what_the_engine_records(name):
    """Equal to rounding: it was recorded on another machine. `python -m app.films` records it anew."""
    shipped = Trace.from_bytes((films.FOLDER / f"{name}.bpt").read_bytes())
    fresh = read(films.LINKS[name]).start().trace(films.STEPS)
    assert shipped.header == fresh.header
    assert list(shipped) == list(fresh)
    for field in fresh:
        np.testing.assert_allclose(shipped[field], fresh[field], rtol=1e-2, atol=1e-3, err_msg=field)


@pytest.mark.parametrize("query", ["from=0&to=60", "from=300&to=420", "from=0&to=600&every=10", "from=7&to=20&every=3"])
def test_a_cut_is_the_chunk_that_the_engine_would_make(query):
    request = parse_request(query)
    cut, made = Trace.from_bytes(films.cut(request)), Trace.from_bytes(TraceService().film(request))
    assert cut.header == made.header
    for field in made:
        np.testing.assert_allclose(cut[field], made[field], rtol=1e-2, atol=1e-3, err_msg=field)


@pytest.mark.parametrize(
    "query", [f"from=0&to={films.STEPS + 1}&every=2", "follow=1", "seed=1", "edits=5.learning_rate.0.3"]
)
def test_what_is_not_on_the_film_is_left_to_the_engine(query):
    assert films.cut(parse_request(query)) is None
