"""The film's supply: what is asked of the server, when, and what happens when it does not answer. Fetch is a fake."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from tests.stage.conftest import Run, make_chunk

HARNESS = """
  const asked = [], waiting = [], later = [];
  let answer = a.answer ?? 'film';
  const chunk = (from, to, every) => {
    const bytes = Uint8Array.from(atob(a.chunks[every] ?? a.chunks[1]), (c) => c.charCodeAt(0));
    const length = new DataView(bytes.buffer).getUint32(4, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const frames = Math.round((to - from) / every);
    Object.assign(header, {from, to, every, frames, fields: [{name: 'train_loss', shape: [frames]}]});
    let text = JSON.stringify(header); text += ' '.repeat((4 - text.length % 4) % 4);
    const out = new Uint8Array(8 + text.length + 4 * frames);
    out.set(bytes.subarray(0, 4)); new DataView(out.buffer).setUint32(4, text.length, true);
    out.set(new TextEncoder().encode(text), 8);
    return out.buffer;
  };
  const respond = (url) => {
    if (answer === 'lost') throw new TypeError('network is down');
    if (typeof answer === 'object') return new Response(JSON.stringify({error: answer.error}), answer);
    const q = new URL(url, location.href).searchParams;
    return new Response(chunk(+q.get('from'), +q.get('to'), +q.get('every')));
  };
  const names = [];
  const fetch = (url, {signal, headers}) => new Promise((yes, no) => {
    asked.push(url); names.push(headers['X-Visitor']);
    signal.addEventListener('abort', () => no(new DOMException('gone', 'AbortError')));
    waiting.push(() => { try { yes(respond(url)); } catch (error) { no(error); } });
  });
  const player = new m.Player({fetch, onChange: () => {}, delay: (run, seconds) => later.push([run, seconds]),
    random: () => a.random ?? 0});
  const settle = async () => { waiting.splice(0).forEach((go) => go()); for (let i = 0; i < 20; i++) await 0;
    await new Promise((r) => setTimeout(r, 5)); };
  const spans = () => asked.map((url) => { const q = new URL(url, location.href).searchParams;
    return [+q.get('from'), +q.get('to'), +q.get('every')]; });
  player.open({traceUrl: '/trace/b', link: 'data=circle', edits: [], follow: 0, step: 0, ...a.open});
  const wish = (position, speed = 60, playing = true) => player.want({position, speed, playing});
"""
CHUNK = base64.b64encode(make_chunk({"train_loss": np.zeros(1)})).decode()


def play(run: Run, body: str, **argument: Any) -> Any:
    return run("player.js", HARNESS + body, {"chunks": {"1": CHUNK}} | argument)


def test_short_chunks_first_then_whole_ones_and_one_at_a_time(run: Run) -> None:
    body = """
      wish(0); wish(0); wish(0);
      const inFlight = asked.length;
      for (let i = 0; i < 6; i++) { await settle(); wish(0); }
      return [inFlight, spans()];"""
    in_flight, spans = play(run, body)
    assert in_flight == 1
    assert spans == [[0, 20, 1], [20, 120, 1]]


def test_the_next_second_is_asked_for_before_the_last_one_is_played(run: Run) -> None:
    body = "for (const p of [0, 0, 0, 5, 60, 62, 170, 190]) { wish(p); await settle(); } return spans()"
    assert play(run, body) == [[0, 20, 1], [20, 120, 1], [120, 240, 1], [240, 360, 1]]


def test_a_standing_film_fetches_its_step_and_the_one_before(run: Run) -> None:
    body = "for (let i = 0; i < 4; i++) { wish(140, 60, false); await settle(); } return spans()"
    assert play(run, body) == [[140, 160, 1], [120, 140, 1]]


def test_a_link_opened_in_the_middle_gets_its_loss_curve_in_one_coarse_pass(run: Run) -> None:
    body = """
      for (let i = 0; i < 4; i++) { wish(600, 60, false); await settle(); }
      return [spans(), player.history.steps.length]"""
    spans, points = play(run, body, open={"step": 600})
    assert spans == [[600, 620, 1], [0, 660, 11], [580, 600, 1]]
    assert points >= 60


def test_an_edit_drops_later_frames_and_what_is_under_way(run: Run) -> None:
    body = """
      wish(0); await settle(); wish(0); await settle(); wish(0);
      player.branch([[25, 'learning_rate', '0.3']], 25);
      const cut = [player.film.coverage(0, 1), player.history.last];
      wish(25); await settle();
      return [cut, asked.at(-1), player.film.coverage(20, 1), player.trouble];"""
    cut, url, covered, trouble = play(run, body)
    assert cut == [25, 24]
    assert url == "/trace/b?data=circle&edits=25.learning_rate.0.3&from=20&to=40&every=1&follow=0"
    assert (covered, trouble) == (40, None)


def test_a_lost_server_is_asked_again_less_and_less_often(run: Run) -> None:
    body = """
      answer = 'lost';
      for (let i = 0; i < 3; i++) { wish(0); await settle(); later.at(-1)[0](); }
      const waits = later.map(([, seconds]) => seconds);
      answer = 'film'; wish(0); await settle();
      return [waits, asked.length, player.trouble, player.failures];"""
    waits, asked, trouble, failures = play(run, body)
    assert waits == sorted(set(waits))
    assert (asked, trouble, failures) == (4, None, 0)


def test_while_it_rests_nothing_is_asked(run: Run) -> None:
    assert play(run, "answer = 'lost'; wish(0); await settle(); wish(0); wish(0); return asked.length") == 1


def test_a_busy_server_says_when_to_come_back(run: Run) -> None:
    busy = {"status": 503, "headers": {"Retry-After": "7"}, "error": {"key": "queue", "message": "full"}}
    body = "wish(0); await settle(); return [player.trouble.kind, later[0][1]]"
    assert play(run, body, answer=busy) == ["busy", 7]


def test_a_class_that_was_refused_together_does_not_come_back_together(run: Run) -> None:
    busy = {"status": 503, "headers": {"Retry-After": "4"}, "error": {"key": "busy", "message": "full"}}
    body = "wish(0); await settle(); return later[0][1]"
    assert [play(run, body, answer=busy, random=chance) for chance in (0, 0.5, 1)] == [4, 5, 6]


def test_a_place_in_the_line_is_told_and_asked_for_again_soon(run: Run) -> None:
    line = {"status": 202, "headers": {"Retry-After": "1"}, "error": {"key": "line", "message": "wait", "place": 3}}
    body = """
      const waits = [];
      for (let i = 0; i < 3; i++) { wish(0); await settle(); waits.push(later.at(-1)[1]); later.at(-1)[0](); }
      const {kind, place} = player.trouble;
      answer = 'film'; wish(0); await settle();
      return [kind, place, waits, player.trouble, new Set(names).size, names[0].length >= 16]"""
    assert play(run, body, answer=line) == ["line", 3, [0.3] * 3, None, 1, True]


def test_a_refusal_is_told_in_the_servers_words_and_not_repeated(run: Run) -> None:
    refusal = {"status": 400, "error": {"key": "data", "message": "data: came 'sprials'"}}
    body = """
      wish(0); await settle(); wish(0);
      return [player.trouble.kind, player.trouble.message, asked.length, later.length]"""
    assert play(run, body, answer=refusal) == ["refused", "data: came 'sprials'", 1, 0]


def test_another_example_means_the_same_steps_again(run: Run) -> None:
    body = """
      wish(0); await settle();
      player.followExample(4); wish(0); await settle();
      return [asked.at(-1), player.history.length]"""
    assert play(run, body) == ["/trace/b?data=circle&from=0&to=20&every=1&follow=4", 20]


def test_an_answer_for_an_experiment_that_is_gone_is_ignored(run: Run) -> None:
    body = """
      wish(0);
      player.open({traceUrl: '/trace/b', link: 'data=xor', edits: [], follow: 0, step: 0});
      await settle();
      return [player.film.chunks.length, player.trouble];"""
    assert play(run, body) == [0, None]
