"""The film's service: what is refused, what it costs, and that a question has one answer, however it is reached."""

from __future__ import annotations

import numpy as np
import pytest

from app import traces
from app.pool import Pool, Visitor
from app.sharing import read_link
from app.traces import TraceError, TraceService, parse_request, read
from engine import Cost, Trace
from engine.checkpoints import CheckpointCache

LINK = "v=1&net=dense:4:tanh,dense:1&opt=adam:0.03"


@pytest.fixture
def service():
    service = TraceService(Pool(workers=2))
    yield service
    service.pool.close()


def ask(service: TraceService, query: str) -> bytes:
    """The chunk, through the pool."""
    return service.submit(parse_request(query), Visitor("school", "page")).future.result(30)


# ---------------------------------------------------------------------------------------------------------- questions


def test_a_query_is_split_into_link_and_numbers():
    request = parse_request(f"{LINK}&from=60&to=120&every=2&follow=3")
    assert request == traces.TraceRequest(LINK, 60, 120, 2, 3)
    assert request.frames == 30


def test_numbers_left_out_have_defaults():
    assert parse_request("") == traces.TraceRequest("", 0, 60, 1, 0)


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        ("from=-1", "from", "whole number from 0"),
        ("from=1.5", "from", "'1.5'"),
        ("from=%D9%A3", "from", "whole number"),  # an Arabic digit is a digit for str.isdecimal
        ("to=1e3", "to", "whole number from 1"),
        ("from=60&to=60", "to", "a step after from"),
        ("every=0", "every", "whole number from 1"),
        ("to=100000", "every", "frames; accepted are 2000"),
        ("follow=99999999999999", "follow", "whole number"),
        ("x" * 9000, "link", "characters"),
    ],
)
def test_a_bad_number_is_named(query, key, message):
    with pytest.raises(TraceError, match=message) as caught:
        parse_request(query)
    assert (caught.value.status, caught.value.key) == (400, key)


@pytest.mark.parametrize(
    ("query", "key"), [("noise=loud", "noise"), ("nose=1", "nose"), ("net=dense:0", "net"), ("follow=250", "follow")]
)
def test_a_bad_link_is_named(service, query, key):
    with pytest.raises(TraceError) as caught:
        ask(service, query)
    assert (caught.value.status, caught.value.key) == (400, key)


def test_what_takes_too_long_is_refused_before_it_runs(service):
    with pytest.raises(TraceError, match="operations; accepted are") as caught:
        ask(service, "from=90000000&to=90000060")
    assert (caught.value.status, caught.value.key) == (413, "from")
    assert service.runs == 0


@pytest.mark.parametrize("key", ["to", "link", "from"])
def test_every_limit_has_its_own_words(key):
    too_much = 10**12
    costs = {"to": Cost(0, 0, too_much), "link": Cost(0, too_much, 0), "from": Cost(too_much, 0, 0)}
    with pytest.raises(TraceError) as caught:
        traces.check_cost(costs[key])
    assert (caught.value.status, caught.value.key) == (413, key)


# ------------------------------------------------------------------------------------------------------------ answers


def test_the_bytes_are_the_engines_own(service):
    chunk = ask(service, f"{LINK}&from=0&to=40&follow=7")
    assert chunk == read_link(LINK).start().trace(40, follow=7).to_bytes()
    assert Trace.from_bytes(chunk)["dense_1.weight"].shape == (40, 4, 2)


def test_a_hit_and_a_miss_have_the_same_bytes(service):
    last = parse_request(f"{LINK}&from=120&to=180")
    for start in (0, 60):
        ask(service, f"{LINK}&from={start}&to={start + 60}")
    assert service.checkpoints.get(read_link(LINK), 120)[0] == 120
    hit = service.film(last)
    assert TraceService().film(last) == hit


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        "v=1&opt=adam:0.01&reg=l1:0.01:true&edits=30.point.0.5:0.5:1_45.optimiser.momentum:0.1_70.regulariser.none",
        "v=1&data=digits&net=batch_norm,dropout:0.3,dense:8:relu,dense:10&regime=mini_batch:24:true:false",
    ],
)
def test_a_run_that_stands_elsewhere_goes_back_to_the_same_bits(service, link, monkeypatch):
    """As when a picture that stood still begins to move: the film begins anew, in coarser steps."""
    service.film(parse_request(f"{link}&from=0&to=20"))
    monkeypatch.setattr("app.traces.read", None)  # it has been read
    chunks = [
        f"{link}&{numbers}" for numbers in ("from=0&to=100&every=5", "from=20&to=60", "from=50&to=80", "from=90&to=95")
    ]
    films = [service.film(parse_request(chunk)) for chunk in chunks]
    monkeypatch.undo()
    assert films == [TraceService().film(parse_request(chunk)) for chunk in chunks]


def test_a_run_with_no_way_back_is_not_used(service):
    first, later = parse_request(LINK), parse_request(f"{LINK}&from=60&to=120")
    begun = service.film(first)
    service.film(later)
    service.checkpoints = CheckpointCache(capacity=0)
    assert service.film(first) == begun


def test_a_film_that_is_cut_by_an_edit_goes_on_from_the_cut(service):
    ask(service, f"{LINK}&from=0&to=60")
    edited = f"{LINK}&edits=60.learning_rate.0.3"
    after = Trace.from_bytes(ask(service, f"{edited}&from=60&to=90"))
    plain = Trace.from_bytes(ask(service, f"{LINK}&from=60&to=90"))
    assert after["learning_rate"][0] == np.float32(0.3)
    np.testing.assert_array_equal(after["dense_1.weight"][0], plain["dense_1.weight"][0])
    assert (after["dense_1.weight"][1] != plain["dense_1.weight"][1]).any()
    assert service.checkpoints.get(read_link(edited), 60)[0] == 60


@pytest.mark.parametrize(
    "more",
    [
        "",
        "&edits=3.learning_rate.0.3",
        "&edits=3.learning_rate.0.3_7.optimiser.adam%3A0.01_7.regulariser.l1%3A0.1",
        "&edits=2.point.0.5:-0.5:1_4.place.random%2C7%3A60%3A0.1%3A0.2",
        "&edits=3.learning_rate.0.3&edits=4.learning_rate.0.1",
        "&edits=3.learning_rate.fast",
        "&edits=",
        "&edits=3.learning_rate.0.3&%65dits=4.learning_rate.0.1",
        "&noise=loud&edits=3.learning_rate.0.3",
        f"&edits={'_'.join(f'{n}.learning_rate.0.3' for n in range(250))}",
    ],
)
def test_a_link_whose_beginning_is_known_is_read_as_any_other(service, more):
    def meaning(reader, link):
        try:
            return reader(link)
        except TraceError as error:
            return error.status, error.key, str(error)

    link = f"{LINK}{more}"
    asked = meaning(read, link)
    assert [meaning(service._read, link) for _ in range(2)] == [asked, asked]
    service._read(LINK)
    assert meaning(service._read, link) == asked


def test_an_edit_alone_does_not_read_the_link_anew(service, monkeypatch):
    ask(service, f"{LINK}&from=0&to=20")
    monkeypatch.setattr(traces.sharing, "read_link", lambda link: pytest.fail(f"{link} is read anew"))
    ask(service, f"{LINK}&edits=20.learning_rate.0.3&from=20&to=40")
    monkeypatch.undo()
    service.forget(0.0)
    assert not len(service.known)


def test_coarse_frames_are_those_of_the_fine_film(service):
    fine = Trace.from_bytes(service.film(parse_request(f"{LINK}&from=0&to=60")))
    coarse = Trace.from_bytes(service.film(parse_request(f"{LINK}&from=0&to=60&every=7")))
    for name in coarse:
        np.testing.assert_array_equal(coarse[name], fine[name][::7], err_msg=name)


def test_beyond_the_end_of_a_run_there_are_no_frames_but_an_outcome(service):
    link = "v=1&loss=mean_squared_error&net=dense:8:relu,dense:1&opt=sgd:1000"
    trace = Trace.from_bytes(service.film(parse_request(f"{link}&from=500&to=560")))
    assert len(trace) == 0
    assert trace.header["outcome"]["kind"] == "diverged"


# ------------------------------------------------------------------------------------------------------------- crowds


def test_equal_requests_run_once(service):
    for _ in range(3):
        ask(service, LINK)
    assert service.runs == 1


def test_a_refusal_is_not_kept(service):
    for _ in range(2):
        with pytest.raises(TraceError):
            ask(service, "noise=loud")
    assert not len(service.pool)


def test_a_job_says_what_it_will_hold_before_it_begins(service):
    job = service.job(parse_request(f"{LINK}&from=0&to=60"))
    assert 100_000 < next(job) < 2**22
    assert next(job) is None, "slices follow"
    job.close()
    assert service.runs == 0


# --------------------------------------------------------------------------------------------------------------- names


def test_the_validator_depends_on_everything_asked():
    tags = {traces.etag(parse_request(query)) for query in ("", "to=61", "from=1", "every=2", "follow=1", "seed=2")}
    assert len(tags) == 6
    assert traces.etag(parse_request("")) == traces.etag(parse_request("from=0&to=60"))


def test_the_build_is_named_by_the_sources(monkeypatch):
    before = traces.build()
    monkeypatch.setattr(traces, "version", lambda package: "0.0.1")
    traces.build.cache_clear()
    assert traces.build() != before
    monkeypatch.undo()
    traces.build.cache_clear()
    assert traces.build() == before
