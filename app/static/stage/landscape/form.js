/** The choices of the surface as controls: menus for all, and what the chosen axes need besides. */

import { h, iconButton, setAttr, setHidden, setText } from "../dom.js";
import { CENTRES, DATA, DRAWINGS, KINDS, plainName, SCALES } from "./choices.js";
import { weightName } from "./names.js";

/** Parameters that a menu lists; of larger networks it lists the first ones, the stage has them all. */
const LISTED = 240;

/**
 * @param {{say: Function, format: object,
 *   change: (choices: object) => void}} tools  change: some choices are others now
 */
export function createForm({ say, format, change }) {
  let shown = null;
  const axesMenu = menu(say("surface_axes"), say("surface_axes_help"), KINDS, (kind) => say(`surface_axes_${kind}`),
    (kind) => turn({ kind }));
  const dimensions = menu(say("surface_dimensions"), say("surface_dimensions_help"), ["2", "1"],
    (n) => say(`surface_dimensions_${n}`),
    (n) => turn({ dimensions: Number(n) }));
  const menus = {
    drawing: menu(say("surface_drawing"), say("surface_drawing_help"), DRAWINGS,
      (name) => say(`surface_drawing_${name}`), (drawing) => change({ drawing })),
    scale: menu(say("surface_scale"), say("surface_scale_help"), SCALES, (name) => say(`surface_scale_${name}`),
      (scale) => change({ scale })),
    data: menu(say("surface_data"), say("surface_data_help"), DATA, (name) => say(`surface_data_${name}`),
      (data) => change({ data })),
    centre: menu(say("surface_centre"), say("surface_centre_help"), CENTRES, (name) => say(`surface_centre_${name}`),
      (centre) => change({ centre })),
  };
  const again = h("button", { type: "button", class: "landscape-button", text: say("surface_again"),
    onclick: () => turn({ seed: shown.axes.seed + 1 }) });
  const weights = ["first", "second"].map((which) => weightMenu(which));
  const step = h("input", { type: "number", min: 0, step: 1, onchange: () => turn({ step: Math.max(0,
    Math.round(step.valueAsNumber) || 0) }) });
  const stepField = field(say("surface_towards_step"), step);
  const help = h("p", { class: "landscape-help" });
  const own = h("div", { class: "landscape-own" }, again, ...weights.map((one) => one.element), stepField);
  const element = h("div", { class: "landscape-form" },
    h("div", { class: "landscape-choices", role: "group", "aria-label": say("surface_choices") },
      axesMenu.element, dimensions.element, ...Object.values(menus).map((one) => one.element)),
    h("div", { class: "landscape-about" }, own, help));

  function field(label, input) {
    return h("label", { class: "landscape-field" }, h("span", { text: label }), input);
  }

  function menu(label, help, values, spell, take) {
    const options = values.map((value) => h("option", { value, text: spell(value) }));
    const select = h("select", { title: help, onchange: () => take(select.value) }, ...options);
    return { element: field(label, select), select, set: (value) => select.value !== value && (select.value = value) };
  }

  function weightMenu(which) {
    const select = h("select", { onchange: () => turn({ [which]: readPlace(select.value) }) });
    return { element: field(say(`surface_weight_${which}`), select), select, which, key: "" };
  }

  function turn(changes) {
    change({ axes: { ...shown.axes, ...changes } });
  }

  /**
   * @param {import("./choices.js").Choices} choices
   * @param {{parameters: {name: string, size: number}[], places: [string, number][]|null, model: object,
   *   scene: boolean}} about
   *   places: the weights that are the axes now; scene: 3-D can be drawn
   */
  function render(choices, { parameters, places, model, scene }) {
    shown = choices;
    const { axes } = choices;
    axesMenu.set(axes.kind);
    dimensions.set(String(axes.dimensions));
    for (const [name, one] of Object.entries(menus)) one.set(choices[name]);
    menus.drawing.set(scene ? choices.drawing : "contour");
    menus.drawing.select.disabled = !scene || axes.dimensions === 1;
    setHidden(again, axes.kind !== "random");
    setHidden(stepField, axes.kind !== "towards");
    if (stepField.getRootNode().activeElement !== step) step.value = String(axes.step);
    for (const one of weights) renderWeight(one, choices, { parameters, places, model });
    setText(help, say(`surface_axes_${axes.kind}_help`) + (axes.kind === "weights" ? ` ${say("surface_pick")}` : ""));
  }

  function renderWeight(one, { axes }, { parameters, places, model }) {
    setHidden(one.element, axes.kind !== "weights" || (one.which === "second" && axes.dimensions === 1));
    if (axes.kind !== "weights") return;
    const offered = listed(parameters);
    const chosen = axes[one.which] ?? named(places?.[one.which === "first" ? 0 : 1]);
    if (chosen && !offered.some((place) => samePlace(place, chosen))) offered.push(chosen);
    const key = JSON.stringify(offered);
    if (key !== one.key) {
      one.key = key;
      one.select.replaceChildren(...offered.map((place) => h("option", { value: placeKey(place),
        text: weightName(place, { model, say }) })));
    }
    if (chosen) one.select.value = placeKey(chosen);
  }

  return { element, render };
}

function listed(parameters) {
  const places = [];
  for (const { name, size } of parameters) {
    for (let index = 0; index < size && places.length < LISTED; index += 1) places.push([plainName(name), index]);
  }
  return places;
}

const named = (place) => (place ? [plainName(place[0]), place[1]] : null);
const placeKey = ([name, index]) => `${name},${index}`;
const samePlace = (one, two) => placeKey(one) === placeKey(two);

function readPlace(text) {
  const [name, index] = text.split(",");
  return [name, Number(index)];
}

/**
 * Buttons that turn and zoom, for those who do not drag.
 * @param {{say: Function, turn: (around: number, up: number) => void, zoom: (factor: number) => void,
 *   reset: () => void}} tools
 */
export function createViewButtons({ say, turn, zoom, reset }) {
  const turns = h("span", { class: "landscape-turns" }, iconButton("previous", say("surface_turn_left"),
    () => turn(-15, 0)),
    iconButton("next", say("surface_turn_right"), () => turn(15, 0)), iconButton("up", say("surface_turn_up"),
      () => turn(0, 10)),
    iconButton("down", say("surface_turn_down"), () => turn(0, -10)));
  const element = h("div", { class: "landscape-view", role: "group", "aria-label": say("surface_view"),
    hidden: true }, turns,
    iconButton("plus", say("surface_zoom_in"), () => zoom(0.8)), iconButton("minus", say("surface_zoom_out"),
      () => zoom(1.25)),
    iconButton("restart", say("surface_view_reset"), reset));

  /** @param {boolean} scene  something that can be turned is drawn */
  function render(scene) {
    setHidden(element, false);
    setHidden(turns, !scene);
  }
  return { element, render };
}

/**
 * Two numbers and a button: the keyboard's way to put the network somewhere.
 * @param {{say: Function, put: (a: number, b: number) => void, point: (target: {a: number,
 *   b: number}|null) => void}} tools
 */
export function createPlaceForm({ say, put, point }) {
  const input = (label) => h("input", { type: "number", step: "any", "aria-label": label, oninput: show });
  const [a, b] = [input("a"), input("b")];
  const button = h("button", { type: "submit", class: "landscape-button", text: say("surface_put") });
  const labels = [["a", a], ["b", b]].map(([name, field]) => h("label", {}, h("i", { text: name }), field));
  const element = h("form", { class: "landscape-place", onsubmit: submit, onfocusout: () => point(null) }, ...labels,
    button);

  function target() {
    const value = { a: a.valueAsNumber, b: b.closest("label").hidden ? 0 : b.valueAsNumber };
    return Number.isFinite(value.a) && Number.isFinite(value.b) ? value : null;
  }

  function show() {
    point(target());
  }

  function submit(event) {
    event.preventDefault();
    const at = target();
    if (at) put(at.a, at.b);
  }

  /** @param {boolean} line  a line has but one coordinate */
  function render(line) {
    setHidden(labels[1], line);
    setAttr(button, "title", say("surface_put_help"));
  }
  return { element, render };
}
