/**
 * The network's picture as a flat list of marks: a pure function of the layout, the numbers of one frame and the moment.
 * Marks know places, sizes and tones, no colours: drawing them is marks/*.js.
 *
 * @typedef {import("./snapshot.js").Snapshot} Snapshot
 * @typedef {"positive"|"negative"|"rise"|"fall"} Tone
 * @typedef {{model: import("./model.js").Model, layout: import("./layout/dense.js").Layout,
 *   links: import("./links.js").Link[], weights: import("./forward.js").Dense[], snapshot: Snapshot,
 *   moment: import("./timeline.js").Moment, highlight: string|null, lit: Set<string>, selected: string|null,
 *   flow: number|null,
 *   numbers: boolean, names: string[], lens: {top: number, bottom: number}|null}} Picture  flow: seconds of steady
 *   flow; weights: as shown,
 *   between frames; lens: where the big map stands at the right edge, if it does
 */

import { pointOn } from "./layout/curve.js";
import { lightOf } from "./light.js";
import { edgeStrength, edgeWidth, largest, pulseRadius } from "./scales.js";
import { clamp, ease, turnProgress } from "./timeline.js";

const DIMMED = 0.13;
/** How far edges step back while gradients run over them. */
const BACKSTAGE = 0.4;
/** Edge lengths a second that the steady flow moves. */
const FLOW_SPEED = 0.42;
const TAIL = 0.13;
/** Pixels beside an input that its name needs. */
const NAME_ROOM = 16;
/** Least strength of an edge that the page names, however small its weight. */
const SEEN = 0.75;

/** @param {Picture} told @returns {object[]} */
export function makeScene(told) {
  const picture = { ...told, light: lightOf(told.highlight, told.lit) };
  const marks = [];
  if (picture.lens) marks.push(wedgeMark(picture));
  addEdges(picture, marks);
  const { phase, slow } = picture.moment;
  if (slow > 0 && phase === "forward") addForward(picture, marks);
  if (slow > 0 && phase === "backward") addBackward(picture, marks);
  if (slow < 1 && picture.flow !== null) addFlow(picture, marks);
  addUnits(picture, marks);
  if (hasAnswerMark(picture.model)) marks.push(answerMark(picture));
  marks.push(...labelMarks(picture));
  return marks;
}

function addEdges({ links, weights, snapshot, moment, light }, marks) {
  const change = moment.phase === "update" ? moment.slow * Math.sin(Math.PI * moment.progress) : 0;
  const most = change > 0 ? largestUpdate(snapshot) : 1;
  const presence = moment.phase === "backward" ? 1 - BACKSTAGE * moment.slow : 1;
  for (const link of links) {
    const { layer, to, from } = link;
    const { weight, inputs } = weights[layer - 1];
    const w = weight[to * inputs + from];
    const shines = !light || light.edge(layer, to, from);
    const share = shines ? presence : DIMMED;
    const strength = shines && light?.named ? Math.max(SEEN, edgeStrength(w)) : edgeStrength(w);
    if (change > 0) addChange(link, snapshot, change * share, most, marks);
    marks.push({ kind: "edge", link, width: edgeWidth(w), tone: toneOf(w), alpha: strength * share, dashed: w < 0 });
  }
}

/** A halo whose colour says which way the weight moves and whose width how far, and the old edge as a ghost. */
function addChange(link, snapshot, strength, most, marks) {
  const { weight, update } = snapshot.layers[link.layer];
  const at = link.to * snapshot.layers[link.layer - 1].a.length + link.from;
  const share = Math.abs(update[at]) / most;
  if (share < 0.02) return;
  const old = edgeWidth(weight[at]);
  marks.push({ kind: "halo", link, width: old + 10 * share, tone: toneOf(update[at]),
    alpha: 0.42 * strength * (0.35 + 0.65 * share) });
  marks.push({ kind: "ghost", link, width: old + 1.6, alpha: 0.5 * strength });
}

function largestUpdate(snapshot) {
  return Math.max(...snapshot.layers.slice(1).map(({ update }) => largest(update)));
}

/** Values leave one layer together and arrive at the next: size and tone are weight times activation. */
function addForward({ model, links, weights, snapshot, moment, light }, marks) {
  const turns = model.layers.length - 1;
  const layer = Math.min(turns, Math.floor(moment.progress * turns) + 1);
  const t = ease(clamp(turnProgress(moment.progress, layer - 1, turns) / 0.86, 0, 1));
  const { weight, inputs } = weights[layer - 1];
  const carried = (link) => weight[link.to * inputs + link.from] * snapshot.layers[layer - 1].a[link.from];
  addTravellers(links.filter((link) => link.layer === layer), carried, t,
    { tones: FORWARD, light, strength: moment.slow }, marks);
}

/** Blame leaves the output and runs back: size and tone are the gradient of each weight for the followed example. */
function addBackward({ model, links, snapshot, moment, light }, marks) {
  const turns = model.layers.length - 1;
  const layer = Math.max(1, turns - Math.floor(moment.progress * turns));
  const t = ease(clamp(turnProgress(moment.progress, turns - layer, turns) / 0.86, 0, 1));
  const { exampleGradient } = snapshot.layers[layer];
  const inputs = snapshot.layers[layer - 1].a.length;
  const carried = (link) => exampleGradient[link.to * inputs + link.from];
  addTravellers(links.filter((link) => link.layer === layer), carried, 1 - t,
    { tones: BACKWARD, light, strength: moment.slow }, marks);
}

const FORWARD = { up: "positive", down: "negative", hollow: false, tail: -TAIL };
const BACKWARD = { up: "rise", down: "fall", hollow: true, tail: TAIL };

function addTravellers(links, carried, t, { tones, light, strength }, marks) {
  const sizes = links.map(carried);
  const most = largest(sizes);
  const fade = strength * Math.min(1, 12 * t, 12 * (1 - t) + 0.25);
  links.forEach((link, i) => {
    const share = Math.abs(sizes[i]) / most;
    const dim = light && !light.edge(link.layer, link.to, link.from) ? DIMMED : 1;
    const alpha = fade * (0.35 + 0.65 * share) * dim;
    const [x, y] = pointOn(link.curve, t);
    const tail = [1, 2, 3].map((n) => pointOn(link.curve, clamp(t + (tones.tail * n) / 3, 0, 1)));
    marks.push({ kind: "pulse", x, y, tail, radius: pulseRadius(share), tone: sizes[i] < 0 ? tones.down : tones.up,
      hollow: tones.hollow, alpha });
  });
}

/** Faster than phases can be told: a gentle stream to the right, a thinner one back. One mark a tone: they are many. */
function addFlow({ links, weights, moment, flow, light }, marks) {
  const alpha = 1 - moment.slow;
  const streams = {
    positive: { kind: "stream", tone: "positive", hollow: false, alpha: 0.85 * alpha, drops: [] },
    negative: { kind: "stream", tone: "negative", hollow: false, alpha: 0.85 * alpha, drops: [] },
    rise: { kind: "stream", tone: "rise", hollow: true, alpha: 0.7 * alpha, drops: [] },
  };
  for (const link of links) {
    const { weight, inputs } = weights[link.layer - 1];
    const w = weight[link.to * inputs + link.from];
    const share = Math.min(1, Math.abs(w) / 1.6);
    if (share < 0.2 || (light && !light.edge(link.layer, link.to, link.from))) continue;
    const offset = (0.618 * (7 * link.to + 13 * link.from + 3 * link.layer)) % 1;
    addDrop(streams[toneOf(w)], link.curve, (FLOW_SPEED * flow + offset) % 1, 1.2 + 1.4 * share);
    if ((link.to + link.from) % 2 === 1) addDrop(streams.rise, link.curve, 1 - ((FLOW_SPEED * flow + 1.7 * offset) % 1), 2.3);
  }
  marks.push(...Object.values(streams));
}

function addDrop({ drops }, curve, t, radius) {
  const [x, y] = pointOn(curve, t);
  drops.push(x, y, radius);
}

function addUnits(picture, marks) {
  const { model, layout, snapshot, moment, highlight, light, selected } = picture;
  layout.units.forEach((boxes, layer) => {
    const { a, delta } = snapshot.layers[layer];
    const filled = fillOf(model, layer, moment);
    const blamed = layer === 0 ? 0 : blameOf(model, layer, moment);
    const reach = largest(a);
    const blameReach = delta ? largest(delta) : 1;
    for (const box of boxes) {
      marks.push({
        kind: "unit", box, face: faceOf(model, layer, layout.columns[layer].dense), value: a[box.unit],
        share: a[box.unit] / reach,
        filled, delta: delta?.[box.unit] ?? 0, blamed: blamed * Math.abs((delta?.[box.unit] ?? 0) / blameReach) ** 0.5,
        alpha: light && !light.unit(layer, box.unit) ? 0.35 : 1, ring: box.id === selected || box.id === highlight,
        number: numberOf(picture, layer, box.unit, filled, blamed),
      });
    }
  });
}

/** How far a layer's values have arrived: waiting 0, there 1. */
export function fillOf(model, layer, { phase, progress, slow }) {
  if (phase !== "forward" || slow === 0 || layer === 0) return 1;
  const turns = model.layers.length - 1;
  const arrived = clamp((turnProgress(progress, layer - 1, turns) - 0.78) / 0.22, 0, 1);
  return 1 - slow * (1 - ease(arrived));
}

/** How brightly a layer's deltas are lit: they glow when they are known and stay until the update. */
export function blameOf(model, layer, { phase, progress, slow }) {
  if (phase === "update") return slow * (1 - ease(progress));
  if (phase !== "backward") return 0;
  const turns = model.layers.length - 1;
  const turn = turns - layer;
  return slow * ease(clamp(turn === 0 ? progress * turns * 5 : (turnProgress(progress, turn - 1, turns) - 0.78) / 0.22, 0, 1));
}

/** @returns {{value: number, tone: Tone|"ink", alpha: number}|null} */
function numberOf({ model, layout, snapshot, numbers }, layer, unit, filled, blamed) {
  if (!numbers || layout.columns[layer].dense || (layer === 0 && namesBetween(model, layout))) return null;
  const { a, delta } = snapshot.layers[layer];
  if (blamed > 0.01) return { value: delta[unit], tone: delta[unit] < 0 ? "fall" : "rise", alpha: blamed, delta: true };
  return { value: a[unit], tone: "ink", alpha: filled, delta: false };
}

/** What a unit's tile shows. */
function faceOf(model, layer, dense) {
  if (model.kind === "plane" || model.kind === "line") return model.kind;
  if (layer === 0 && model.image > 0) return "pixel";
  if (layer === 1 && model.image > 0) return "weights";
  return dense ? "plain" : "value";
}

function wedgeMark({ layout, highlight, lens }) {
  const box = layout.units.flat().find(({ id }) => id === highlight) ?? layout.units.at(-1)[0];
  return { kind: "wedge", box, right: layout.width, ...lens };
}

/** Names of the inputs, where no button carries them. */
function labelMarks({ model, layout, names }) {
  if (isNamed(model, layout)) return [];
  const boxes = layout.units[0];
  const room = boxes[0].x - 8;
  const above = room < NAME_ROOM;
  if (layout.columns[0].dense || (above && pitchOf(boxes) < boxes[0].h + 10)) return [];
  const place = { side: above ? "above" : "left", room: above ? 1.6 * boxes[0].w : room };
  return boxes.map((box) => ({ kind: "label", box, text: names[box.unit], ...place }));
}

/** How much of the answer has been told: nothing while values are still on their way. */
export function toldOf({ phase, progress, slow }) {
  if (phase === "loss") return ease(Math.min(1, 2 * progress));
  return phase === "forward" && slow > 0 ? 0 : 1;
}

/** Whether the inputs are named by buttons, or are the pixels of a picture. */
function isNamed(model, layout) {
  return layout.features.length > 0 || model.image > 0;
}

/** Whether the inputs' names stand above them and leave no room for the numbers below. */
function namesBetween(model, layout) {
  const boxes = layout.units[0];
  return !isNamed(model, layout) && boxes[0].x - 8 < NAME_ROOM && pitchOf(boxes) < boxes[0].h + 28;
}

function pitchOf(boxes) {
  return boxes.length > 1 ? boxes[1].y - boxes[0].y : Infinity;
}

/** Several numbers at once have no single answer to show beside the outputs. */
function hasAnswerMark({ answer, layers }) {
  return answer !== "value" || layers.at(-1).units === 1;
}

/** Prediction against target, and the loss: told in its phase, quiet otherwise. */
function answerMark({ model, layout, snapshot, moment, numbers }) {
  const told = toldOf(moment);
  const stress = moment.phase === "loss" ? moment.slow * Math.sin(Math.PI * Math.min(1, moment.progress * 1.2)) : 0;
  return {
    kind: "answer", answer: model.answer, boxes: layout.units.at(-1), box: layout.answer,
    names: model.problem.class_names ?? [],
    prediction: snapshot.prediction, target: snapshot.target, loss: snapshot.exampleLoss, numbers,
    shown: 1 - moment.slow * (1 - told), stress, filled: fillOf(model, model.layers.length - 1, moment),
  };
}

function toneOf(value) {
  return value < 0 ? "negative" : "positive";
}
