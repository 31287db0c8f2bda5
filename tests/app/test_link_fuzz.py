"""A hundred thousand damaged links: none leaves the parser but as an experiment within the limits, or its own error.

A link is drawn from a grammar of all keys and parts that there are, then damaged: a value under another key, a number
out of its range, parentheses without end, bytes that are no text. Every shard has its own seed, so a failure is found
again by its number. The default run reads 5,000, `.ci/run` 20,000; BACKPROP_FUZZ=100000 asks for all.
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from contextlib import suppress
from urllib.parse import quote

import pytest

from app import sharing, sharing_playground, traces
from app.session import Session
from app.sharing import LONGEST, read_link, read_link_leniently, read_view, write_link
from app.state import CHOICE, DATASETS, MOST_PARAMETERS, MOST_STEPS, MOST_UNITS, MOST_WORK, Settings, check_fit
from engine import datasets
from engine.activations import ActivationFunction
from engine.datasets.own import EXAMPLE
from engine.errors import EngineError, MissingTableError
from engine.experiment import EDIT_KEYS
from engine.initialisers import Initialiser
from engine.layers import Layer
from engine.losses import Loss
from engine.optimisers import Optimiser
from engine.regimes import Regime
from engine.regularisers import Regulariser
from engine.schedules import Schedule

SHARD = 2500
LINKS = int(os.environ.get("BACKPROP_FUZZ", "5000"))
SLOWEST = 1.0  # seconds of the processor for one link: its data are drawn as well

NUMBERS = (
    "0", "1", "-1", "0.03", "5", "10", "137", "200", "1e-5", "1e5", "1e999", "-1e999", "nan", "inf", "-0", "1e-400",
    "9" * 19, "9" * 400, "0.1.2", "1_000", "٣", "½", "+3", " 7", "0x1F", "1e", ".", "", "true", "false", "none", "3,3",
)  # fmt: skip
SPECIAL = (
    "(", ")", "((((((((", "(" * 400, ")" * 40, ":" * 60, ",,", "%00", "%0a%0d", "%ff%fe", "%", "%zz", "\u202e", "'\"--",
    "<img src=x>", "${7*7}", "{0}", "../../etc/passwd", "http://169.254.1.1/", "~", "~~", "_", "..", "=", "==", "&&",
    "#", "?", "\ud800", "𝕏", "\x00", "__class__", "None", "[[[[", '{"a":' * 30, "A" * 300,
)  # fmt: skip
FAMILIES = (Layer, ActivationFunction, Initialiser, Loss, Optimiser, Regime, Regulariser, Schedule)
WORDS = tuple(name for family in FAMILIES for name in family.names()) + datasets.names()
AXES = (
    "random(7)", "path", "curvature", "towards(9)", "towards(1e9)", "weights((dense-1-weight,0):(dense-1-weight,1))",
    "weights((dense-1-weight,99999):)", "weights(:::)", "random(-1)", "random(0:3)", "towards",
)  # fmt: skip
TABLES = (EXAMPLE.key, "0" * 64, EXAMPLE.key[:-1], EXAMPLE.key.upper())


def a_number(draw: random.Random) -> str:
    """Often harmless, sometimes not."""
    return draw.choice(NUMBERS) if draw.random() < 0.4 else f"{draw.uniform(0, 2):.3g}"


def a_part(draw: random.Random, names: tuple[str, ...], deep: int = 0) -> str:
    """`name:option:option`, options of any kind."""
    options = []
    for _ in range(draw.choice((0, 0, 1, 1, 2, 3, 6))):
        if deep < 7 and draw.random() < 0.25:
            options.append(a_part(draw, WORDS, deep + 1).replace(":", "(", 1) + ")")
        else:
            options.append(draw.choice((a_number(draw), draw.choice(WORDS), "")))
    return ":".join([draw.choice(names), *options])


def edits(draw: random.Random) -> str:
    """Some edits, joined."""
    written = []
    for _ in range(draw.choice((1, 1, 2, 5))):
        value = draw.choice(
            (a_number(draw), a_part(draw, Optimiser.names()), f"dense-1-weight:{a_number(draw)}:{a_number(draw)}",
             f"{a_number(draw)}:{a_number(draw)}:{a_number(draw)}", "none",
             f"{draw.choice(AXES)}:{draw.choice(('now', 'first', 'best', 'x'))}:{a_number(draw)}:{a_number(draw)}")
        )  # fmt: skip
        written.append(f"{draw.choice(('0', '137', a_number(draw)))}.{draw.choice((*EDIT_KEYS, 'data'))}.{value}")
    return "_".join(written)


def a_value(draw: random.Random, key: str) -> str:
    """What a key may say."""
    layers = ",".join(
        draw.choice((f"dense:{draw.randint(1, 9)}:tanh", a_part(draw, Layer.names())))
        for _ in range(draw.choice((0, 1, 1, 2, 3, 40)))
    )
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
    makers = {
        "v": lambda: "1",
        "data": lambda: draw.choice(DATASETS if draw.random() < 0.9 else WORDS),
        "n": lambda: draw.choice(("10", "50", "200", a_number(draw))),
        "net": lambda: f"{layers},dense:1" if layers else "dense:1",
        "opt": lambda: a_part(draw, Optimiser.names()),
        "reg": lambda: a_part(draw, (*Regulariser.names(), "none")),
        "loss": lambda: a_part(draw, Loss.names()),
        "regime": lambda: a_part(draw, Regime.names()),
        "features": lambda: ",".join(draw.choices((*datasets.FEATURES, "x3"), k=draw.randint(1, 7))),
        "points": lambda: "".join(draw.choices(alphabet, k=draw.choice((5, 10, 50, 51, 1000, 1005)))),
        "table": lambda: draw.choice(TABLES),
        "columns": lambda: ",".join(draw.choices(("1", "2", "3", "4", "64", "65"), k=draw.randint(0, 3))),
        "labels": lambda: draw.choice(("class", "signed", "one_hot", "binary")),
        "edits": lambda: edits(draw),
        "hide": lambda: ",".join(draw.choices(("play", "layers", "x y", "<b>"), k=2)),
    }
    return makers.get(key, lambda: a_number(draw))()


def our_link(draw: random.Random) -> list[list[str]]:
    """[key, value] pairs of a link of ours."""
    keys = draw.sample((*sharing.KEYS, *sharing.VIEW_KEYS, "lang", "utm_source"), draw.randint(0, 8))
    return [["v", "1"]] * (draw.random() < 0.8) + [[key, a_value(draw, key)] for key in keys if key != "v"]


def playground_link(draw: random.Random) -> list[list[str]]:
    """[key, value] pairs of a link of TF Playground's."""
    keys = draw.sample(sorted(sharing_playground.KEYS), draw.randint(1, 10))
    words = (
        "circle",
        "xor",
        "gauss",
        "spiral",
        "reg-plane",
        "reg-gauss",
        "regression",
        "relu",
        "L1",
        "true",
        "4,2",
        "8",
    )
    return [[key + draw.choice(("", "", "", "_hide")), draw.choice((*words, a_number(draw)))] for key in keys]


def damaged(draw: random.Random, pairs: list[list[str]]) -> str:
    """The link as text after a few accidents."""
    pairs = [list(pair) for pair in pairs]
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        if not pairs:
            break
        pair = draw.choice(pairs)
        place = draw.randint(0, len(pair[1]))
        accident = draw.randrange(7)
        if accident == 0:
            pair[1] = draw.choice(pairs)[1]
        elif accident == 1:
            pair[1] = pair[1][:place] + draw.choice(SPECIAL) + pair[1][place:]
        elif accident == 2:
            pair[0] = draw.choice((*sharing.KEYS, *sharing.VIEW_KEYS, draw.choice(SPECIAL)))
        elif accident == 3:
            pairs.append(list(pair))
        elif accident == 4:
            pair[1] = pair[1][:place] + chr(draw.randrange(1, 0x2FFF)) + pair[1][place + 1 :]
        elif accident == 5:
            pair[1] = draw.choice(NUMBERS)
        else:
            pair[1] *= draw.choice((2, 3, 200))
    spell = quote if draw.random() < 0.5 else str
    text = "&".join(f"{key}={spell(value, errors='replace') if spell is quote else value}" for key, value in pairs)
    return draw.choice(("", "", "?", "#", "https://example.org/?", "playground.tensorflow.org/#")) + text


def check_within_limits(experiment) -> None:
    """Nothing in it is beyond what a visitor is given; told by itself, not by the code that read it."""
    check_fit(experiment)
    numbers: list[float] = []
    json.loads(json.dumps(experiment.to_dict(), allow_nan=False), parse_float=lambda text: numbers.append(float(text)))
    assert all(math.isfinite(number) for number in numbers)
    network, data = experiment.network, experiment.dataset
    assert network.parameter_count <= MOST_PARAMETERS
    assert network.parameter_count * len(data.x_train) <= MOST_WORK
    assert all(1 <= layer.units <= MOST_UNITS for layer in network.layers if hasattr(layer, "units"))
    assert 0 <= experiment.optimiser.schedule.initial <= 1000
    assert all(0 <= edit.step <= MOST_STEPS for edit in experiment.edits)
    for name, option in datasets.entry(data.name).options.items():
        option.check(name, data.spec["options"][name])
    settings = Settings.from_experiment(experiment)
    for choice in CHOICE.values():
        choice.check(getattr(settings, choice.name))


def check_strictly(link: str) -> str:
    """Reads a link as the film's route does; gives what became of it."""
    try:
        experiment = read_link(link)
    except MissingTableError:
        return "missing"
    except EngineError as error:
        return "refused" if len(str(error)) < 4 * LONGEST else "too long a refusal"
    check_within_limits(experiment)
    return "read"


def check_leniently(link: str, outcome: str) -> None:
    """Reads a link as the page does, writes it again, and asks for its film."""
    try:
        experiment, step, problems = read_link_leniently(link)
    except MissingTableError:
        assert outcome in ("missing", "refused")
        return
    assert (outcome == "refused") == bool(problems), "what one reader refuses the other tells"
    assert 0 <= step <= MOST_STEPS
    check_within_limits(experiment)
    assert outcome == "refused" or read_link(write_link(experiment)) == experiment
    for name, value in read_view(link).items():
        CHOICE[name].check(value)
    Session.opened(link)
    with suppress(traces.TraceError):
        traces.read(traces.parse_request(link.removeprefix("?")).link)


@pytest.mark.parametrize("shard", range(math.ceil(LINKS / SHARD)))
def test_no_link_escapes_the_parser(shard):
    draw = random.Random(shard)
    outcomes = dict.fromkeys(("read", "refused", "missing"), 0)
    slowest = (0.0, "")
    for number in range(SHARD):
        link = damaged(draw, our_link(draw) if draw.random() < 0.8 else playground_link(draw))
        try:
            begin = time.process_time()
            outcome = check_strictly(link)
            slowest = max(slowest, (time.process_time() - begin, link))
            if number % 5 == 0:
                check_leniently(link, outcome)
        except Exception as error:
            error.add_note(f"shard {shard}, link {link!r}")
            raise
        outcomes[outcome] += 1
    assert slowest[0] < SLOWEST, slowest
    assert outcomes["read"] > SHARD / 20, "else the damage is too great to find anything"
    assert outcomes["refused"] > SHARD / 20
