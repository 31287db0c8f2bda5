/**
 * The big picture beside the network: the plane with its decision boundary, the fitted curve, or, where the data have no
 * plane, the followed example itself. Pressing on it adds a point or follows the one that is there.
 */

import { answerHeight, drawExampleAnswer, sharesOf } from "./blocks/answer.js";
import { indicesOf } from "./blocks/model.js";
import { classOf, parseId } from "./model.js";
import { prettyFeature, unitName } from "./describe.js";
import { h, iconButton, setAttr, setHidden, setText } from "./dom.js";
import { hitPoint } from "./hit.js";
import { drawExample } from "./plot/example.js";
import { drawFit } from "./plot/fit.js";
import { extent, insideFrame, makeFrame, planeFrame } from "./plot/frame.js";
import { drawPlane, paintPoints } from "./plot/plane.js";
import { rampIndex } from "./scales.js";
import { createSurface } from "./surface.js";

/** Pictures with points to press on. */
const PRESSED = new Set(["plane", "line"]);
const FIT_MARGIN = { left: 36, right: 4, top: 4, bottom: 20 };
/** Data units that an arrow key moves the crosshair, as a share of the domain. */
const NUDGE = 1 / 48;

/**
 * @typedef {{model: import("./model.js").Model, responses: import("./responses.js").Responses, big:
 *   import("./bigMap.js").BigMap,
 *   layers: import("./forward.js").Dense[], snapshot: import("./snapshot.js").Snapshot,
 *   state: import("./reducer.js").State, options: object, theme: object, highlight: string|null,
 *   added: number[][]}} MapView
 */

/** @param {{say: Function, format: object, act: Function, addPoint: Function, follow: Function}} tools */
export function createMapPanel({ say, format, act, addPoint, follow }) {
  const title = h("h3", { class: "map-title" });
  const classes = h("div", { class: "class-toggle", role: "radiogroup", "aria-label": say("add_point") });
  const canvas = h("canvas", { role: "img", tabindex: 0 });
  const box = h("div", { class: "map-box" }, canvas);
  const readout = h("div", { class: "map-readout" });
  const legend = h("div", { class: "legend" });
  const exampleText = h("span");
  const examples = h("div", { class: "stepper examples" },
    iconButton("previous", say("example_previous"), () => follow(-1)), exampleText,
      iconButton("next", say("example_next"), () => follow(1)));
  const element = h("section", { class: "map-panel", "aria-label": say("map_panel"), "data-part": "map" },
    h("div", { class: "map-head" }, title, classes), box, h("div", { class: "map-foot" }, legend, readout, examples));
  const surface = createSurface(canvas);
  let frame = null;
  let view = null;
  let pointsKey = "";
  let points = null;
  listen();

  /** Called when the experiment or the theme is another one. */
  function open(model, theme) {
    const adds = model.kind === "plane";
    setHidden(classes, !adds);
    box.dataset.kind = model.kind;
    box.style.setProperty("--rows", String(model.image > 0 ? 0 : Math.min(20, model.layers[0].units)));
    if (model.family === "blocks") box.style.setProperty("--tall", `${answerHeight(model)}px`);
    classes.replaceChildren(...(adds ? classButtons(model, theme) : []));
    legend.replaceChildren(...legendParts(model, theme));
    pointsKey = "";
  }

  function classButtons(model, theme) {
    return newLabels(model).map((label, index) => {
      const swatch = h("i", { "data-shape": String(index % 4) });
      swatch.style.setProperty("--swatch", colourOf(model, theme)(label));
      return h("button", {
        type: "button", role: "radio", "data-index": index, title: say("add_point_hint"),
        onclick: () => act({ type: "newClass", index }),
        "aria-label": say("add_point_class", { name: className(model, index, label) }),
      }, swatch);
    });
  }

  function className(model, index, label) {
    return model.problem.task === "regression" ? format.axis(label) : model.problem.class_names?.[index] ?? String(index);
  }

  function legendParts(model, theme) {
    if (model.kind !== "plane") return [];
    if (model.answer === "classes") return newLabels(model).map((label, index) => legendClass(model, theme, index, label));
    const bar = h("i", { class: "legend-bar" });
    const stops = Array.from({ length: 9 }, (_, i) => cssPixel(theme.ramp[rampIndex(i / 4 - 1)]));
    bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    const [low, high] = model.answer === "probability" ? [0, 1] : [-1, 1];
    return [h("span", { text: format.axis(low) }), bar, h("span", { text: format.axis(high) })];
  }

  function legendClass(model, theme, index, label) {
    const swatch = h("i", { class: "swatch", "data-shape": String(index % 4) });
    swatch.style.setProperty("--swatch", theme.classes[index % theme.classes.length]);
    return h("span", { class: "legend-class" }, swatch, h("span", { text: className(model, index, label) }));
  }

  /** @param {MapView} next */
  function draw(next) {
    view = next;
    if (surface.width === 0) return;
    const { model } = view;
    surface.ctx.clearRect(0, 0, surface.width, surface.height);
    if (model.kind === "plane") drawPlaneMap();
    else if (model.kind === "line") drawFitMap();
    else if (model.family === "blocks") drawBlockAnswer();
    else drawExampleMap();
  }

  function drawExampleMap() {
    const name = (unit) => unitName({ model: view.model, say }, 0, unit);
    drawExample(surface.ctx, { ...view, width: surface.width, height: surface.height, format, of: shownUnit(), name });
  }

  function drawBlockAnswer() {
    const { model, snapshot, theme } = view;
    drawExampleAnswer(surface.ctx, { width: surface.width, height: surface.height, model, snapshot, step: shownStep(), theme,
      format, say });
  }

  /** The time step in focus, else the last one. */
  function shownStep() {
    const { model, highlight } = view;
    const part = parseId(highlight);
    const block = part?.kind === "unit" ? model.layers[part.layer] : null;
    const timed = block && (block.tokens || block.shape.length === 2);
    return timed ? Math.min(model.steps - 1, indicesOf(block.shape, part.unit)[0]) : model.steps - 1;
  }

  /** The same in words. */
  function answerWords() {
    const { model, snapshot } = view;
    if (model.answer === "value") {
      return `${say("answer_says")} ${format.short(snapshot.prediction[0])}, ${say("answer_target")} ${format.short(snapshot.target[0])}`;
    }
    const { names, shares, right } = sharesOf(model, snapshot, shownStep());
    return say("map_answer", { name: names[right], share: format.percent(shares[right]) });
  }

  function drawPlaneMap() {
    const { model, responses, big, state, options, theme, snapshot } = view;
    frame = planeFrame(surface.width, model.problem.domain);
    const train = model.problem.train ?? [];
    drawPlane(surface.ctx, {
      frame, domain: model.problem.domain, responses, big, of: shownUnit(), discretise: options.discretise,
      points: pointLayer(),
      theme, format, followed: train[snapshot.follow.index] ?? null, cursor: state.cursor, axes: ["x₁", "x₂"],
    });
  }

  function drawFitMap() {
    const { model, responses, state, options, theme, snapshot, layers } = view;
    const { train = [], test = [] } = model.problem;
    const [x, y] = [responses.domain, extent([...train, ...test].map((point) => point[1]), 0.12)];
    frame = makeFrame({ width: surface.width, height: surface.height, margin: FIT_MARGIN, x, y });
    const followed = train[snapshot.follow.index];
    const unit = shownUnit();
    drawFit(surface.ctx, {
      frame, x, y, answer: responses.answer, unit: unit ? { values: responses.row(unit.layer, unit.unit) } : null,
      train: train ?? [], test: test ?? [],
      showTest: options.show_test, followed: followed ? [...followed, responses.answerAt(layers, followed[0], 0)[0]] : null,
      cursor: state.cursor, theme, format,
    });
  }

  function pointLayer() {
    const { model, theme, options, added } = view;
    const key = [surface.width, surface.scale, theme.paper, options.show_test, added.length, added.at(-1)].join();
    if (key !== pointsKey) {
      pointsKey = key;
      const { train, test } = model.problem;
      const style = { place: frame.place, classOf: (label) => shapeOf(model, label), colourOf: colourOf(model, theme),
        theme, outline: model.answer === "value" ? theme.faint : theme.paper };
      points = paintPoints({ train: train ?? [], test: test ?? [], showTest: options.show_test, added }, style,
        surface.width, surface.scale);
    }
    return points;
  }

  /** The unit whose map is shown instead of the answer: a hovered or selected one that is not the output. */
  function shownUnit() {
    const part = parseId(view.highlight);
    if (part?.kind !== "unit" || view.model.family === "blocks") return null;
    const last = view.model.layers.length - 1;
    return part.layer === last && view.model.answer !== "classes" ? null : { layer: part.layer, unit: part.unit };
  }

  /** Words around the picture; called a few times a second. */
  function renderWords() {
    if (!view) return;
    const { model, state, snapshot } = view;
    const unit = shownUnit();
    setText(title, unit ? unitName({ model, say }, unit.layer, unit.unit) : say(`map_title_${model.kind}`));
    setText(exampleText, say("example", { number: format.count(snapshot.follow.index + 1) }));
    setText(readout, state.cursor ? cursorWords() : "");
    setHidden(legend, Boolean(state.cursor));
    for (const button of classes.children) {
      const chosen = Number(button.dataset.index) === state.newClass;
      setAttr(button, "aria-checked", chosen);
      setAttr(button, "tabindex", chosen ? 0 : -1);
    }
    const words = say(`map_label_${model.kind}`);
    setAttr(canvas, "aria-label", model.family === "blocks" ? `${words} ${answerWords()}` : words);
  }

  function cursorWords() {
    const { model, responses, layers, state: { cursor: [x, y] } } = view;
    const answer = responses.answerAt(layers, x, y);
    const best = model.answer === "classes" ? answer.indexOf(Math.max(...answer)) : 0;
    const words = model.answer === "classes" ? `${className(model, best, best)} ${format.percent(answer[best])}`
      : format.short(answer[0]);
    if (model.kind === "line") return `x ${format.short(x)} → ${words}`;
    return `${prettyFeature("x1")} ${format.short(x)}  ${prettyFeature("x2")} ${format.short(y)} → ${words}`;
  }

  function listen() {
    canvas.addEventListener("pointermove", (event) => act({ type: "cursor", point: dataAt(event.offsetX, event.offsetY) }));
    canvas.addEventListener("pointerleave", () => act({ type: "cursor", point: null }));
    canvas.addEventListener("blur", () => act({ type: "cursor", point: null }));
    canvas.addEventListener("click", (event) => press(event.offsetX, event.offsetY, event.shiftKey,
      event.pointerType === "touch" ? 14 : 7));
    canvas.addEventListener("keydown", onKey);
    classes.addEventListener("keydown", onClassKey);
  }

  function dataAt(px, py) {
    return frame && view && PRESSED.has(view.model.kind) && insideFrame(frame, px, py) ? frame.invert(px, py) : null;
  }

  function press(px, py, other, reach) {
    if (!dataAt(px, py)) return;
    const hit = hitPoint(view.model.problem.train ?? [], frame.place, px, py, reach);
    if (hit >= 0) follow(hit - view.snapshot.follow.index);
    else if (view.model.kind === "plane") addPoint(...frame.invert(px, py), newLabel(other));
  }

  function newLabel(other) {
    const labels = newLabels(view.model);
    return labels[(view.state.newClass + Number(other)) % labels.length];
  }

  /** The crosshair by arrow keys, a point by Enter. */
  function onKey(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!PRESSED.has(view?.model.kind) || (!way && event.key !== "Enter")) return;
    event.preventDefault();
    const [x, y] = view.state.cursor ?? [0, 0];
    if (!way) return press(...frame.place(x, y), event.shiftKey, 7);
    const [low, high] = view.responses.domain;
    const move = NUDGE * (high - low) * (event.shiftKey ? 4 : 1);
    const clip = (v) => Math.min(high, Math.max(low, v));
    act({ type: "cursor", point: [clip(x + move * way[0]), clip(y + move * way[1])] });
  }

  function onClassKey(event) {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const count = classes.children.length;
    const index = (view.state.newClass + move + count) % count;
    act({ type: "newClass", index });
    classes.children[index].focus();
  }

  return { element, box, surface, open, draw, renderWords };
}

/** Labels that a new point may have. */
function newLabels(model) {
  if (model.problem.task === "regression") return [-1, 1];
  return Array.from({ length: model.problem.classes ?? 2 }, (_, index) => index);
}

function shapeOf(model, label) {
  return model.problem.task === "regression" ? 1 : classOf(label);
}

/** A label's colour: its class's, or its place on the ramp. */
function colourOf(model, theme) {
  if (model.problem.task === "regression") return (label) => cssPixel(theme.points[rampIndex(label)]);
  return (label) => theme.classes[classOf(label) % theme.classes.length];
}

function cssPixel(p) {
  return `rgb(${p & 255}, ${(p >> 8) & 255}, ${(p >> 16) & 255})`;
}
