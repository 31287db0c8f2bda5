"""Colours can be told apart on both papers: WCAG contrast, and signs that do not rest on colour alone."""

from __future__ import annotations

import tomllib

import pytest

from app.bootstrap import ROOT
from tests.stage.conftest import Run

THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
CONTRAST = """
  const light = (text) => m.luminance(m.parseColour(text));
  const ratio = (one, other) => (Math.max(light(one), light(other)) + 0.05) / (Math.min(light(one),
    light(other)) + 0.05);
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signs_and_gradients_stand_out_from_the_page(run: Run, theme: str) -> None:
    body = (
        CONTRAST
        + """
      const p = m.PALETTES[a.theme];
      return Object.fromEntries(['positive', 'negative', 'rise', 'fall', 'test'].map((tone) => [tone,
        ratio(p[tone], a.paper)]));"""
    )
    ratios = run("theme.js", body, {"theme": theme, "paper": THEMES[theme]["backgroundColor"]})
    assert min(ratios.values()) >= 3, ratios


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_quiet_words_can_be_read(run: Run, theme: str) -> None:
    body = (
        CONTRAST
        + """
      const box = document.createElement('div');
      box.style.setProperty('--st-background-color', a.paper);
      box.style.setProperty('--st-text-color', a.ink);
      document.body.append(box);
      const t = m.readTheme(box);
      return [t.dark, ratio(t.soft, t.paper), ratio(t.soft, t.ground)];"""
    )
    dark, on_paper, on_ground = run(
        "theme.js", body, {"paper": THEMES[theme]["backgroundColor"], "ink": THEMES[theme]["textColor"]}
    )
    assert dark == (theme == "dark")
    assert min(on_paper, on_ground) >= 4.5


def test_the_ramp_goes_from_one_sign_over_the_page_to_the_other(run: Run) -> None:
    body = """
      const box = document.createElement('div');
      document.body.append(box);
      const {ramp} = m.readTheme(box);
      return [0, 127, 255].map((i) => [ramp[i] & 255, (ramp[i] >> 8) & 255, (ramp[i] >> 16) & 255]);"""
    negative, middle, positive = run("theme.js", body)
    assert negative[0] > negative[2]
    assert positive[2] > positive[0]
    assert min(middle) > 250


def test_a_colour_that_is_none_is_refused(run: Run) -> None:
    assert (
        run("theme.js", "try { m.parseColour('blueish') } catch (e) { return e.message }") == "invalid colour: blueish"
    )


def test_negative_edges_are_dashed_as_well_as_orange(run: Run) -> None:
    body = """
      const {edgeCurve} = await import('/stage/layout/curve.js');
      const box = (id, layer, x) => ({id, layer, unit: 0, x, y: 0, w: 10, h: 10});
      const units = [[box('u0.0', 0, 0)], [box('u1.0', 1, 100)]];
      const layout = {units, columns: [{dense: false}, {dense: false}], features: [], width: 200, height: 50,
        answer: {}};
      const model = {layers: [{units: 1, role: 'input'}, {units: 1, role: 'output'}], kind: 'line', image: 0,
        problem: {}, answer: 'value'};
      const one = Float32Array.of(1);
      const scene = (w) => m.makeScene({
        model, layout, links: [{id: 'e1.0.0', layer: 1, to: 0, from: 0, curve: edgeCurve(units[0][0], units[1][0])}],
        weights: [{weight: Float32Array.of(w), inputs: 1, units: 1}], moment: {phase: 'rest', progress: 0,
          slow: 1, step: 0},
        snapshot: {layers: [{a: one}, {a: one, delta: one}], prediction: one, target: [1]}, names: ['x'],
          flow: 0, numbers: true, lens: null,
      });
      return [2, -2].map((w) => scene(w).find(({kind}) => kind === 'edge')).map(({tone, dashed, width}) =>
        [tone, dashed, width]);"""
    positive, negative = run("scene.js", body)
    assert (positive[:2], negative[:2]) == (["positive", False], ["negative", True])
    assert positive[2] == negative[2]
