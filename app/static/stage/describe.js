/** The shown step in words: the caption, the canvas's text alternative, a unit's or an edge's numbers. Pure. */

import { best } from "./blocks/answer.js";
import {
  backwardCaption, blockName, cellDetails, cellName, forwardCaption, shapeText, stepsLoss, tensorDetails, updateCaption,
} from "./blocks/words.js";
import { parseId } from "./model.js";
import { SPEEDS } from "./timeline.js";

/**
 * @typedef {{model: import("./model.js").Model, snapshot: import("./snapshot.js").Snapshot,
 *   moment: import("./timeline.js").Moment, say: Function, format: import("./numbers.js").Format, playing: boolean,
 *   speed: number}} Told  speed: index into SPEEDS
 */

/** One line on what happens now. @param {Told} told */
export function caption(told) {
  const { moment } = told;
  if (told.playing && moment.slow < 0.5) return flowCaption(told);
  return CAPTIONS[moment.phase](told);
}

const CAPTIONS = {
  rest: ({ snapshot, say, format }) => say("caption_rest", {
    step: format.count(snapshot.step), loss: format.value(snapshot.trainLoss), example: format.count(snapshot.follow.index + 1),
  }),
  forward: (told) => {
    const layer = turnLayer(told, false);
    if (told.model.family === "blocks") return forwardCaption(told, layer, strongest);
    const unit = strongest(told.snapshot.layers[layer].a);
    const { z, a } = told.snapshot.layers[layer];
    return told.say("caption_forward", {
      layer: layerName(told, layer), unit: unit + 1, z: told.format.value(z[unit]), a: told.format.value(a[unit]),
    });
  },
  loss: (told) => {
    if (told.model.answer === "steps") return stepsLoss(told, best);
    return told.model.answer === "classes" ? classesLoss(told) : valueLoss(told);
  },
  backward: (told) => {
    const layer = turnLayer(told, true);
    if (told.model.family === "blocks") return backwardCaption(told, layer, strongest);
    const { delta } = told.snapshot.layers[layer];
    const unit = strongest(delta);
    return told.say("caption_backward", { layer: layerName(told, layer), unit: unit + 1,
      delta: told.format.value(delta[unit]) });
  },
  update: (told) => {
    if (told.model.family === "blocks") return updateCaption(told, strongest);
    const { layer, to, from, old, change } = largestMove(told.snapshot);
    return told.say("caption_update", {
      from: unitName(told, layer - 1, from), to: unitName(told, layer, to), old: told.format.value(old),
      change: told.format.signed(change), rate: told.format.axis(told.snapshot.learningRate),
    });
  },
};

function valueLoss({ snapshot: { prediction, target, exampleLoss }, say, format }) {
  return say("caption_loss", { prediction: format.value(prediction[0]), target: format.value(target[0]),
    loss: format.value(exampleLoss) });
}

function classesLoss({ model, snapshot: { prediction, target, exampleLoss }, say, format }) {
  const right = strongest(target);
  const name = model.problem.class_names?.[right] ?? right;
  return say("caption_loss_classes", { name, prediction: format.value(prediction[right]), loss: format.value(exampleLoss) });
}

function flowCaption({ snapshot, say, format, speed }) {
  return say("caption_flow", {
    speed: format.axis(SPEEDS[speed]), step: format.count(snapshot.step), loss: format.value(snapshot.trainLoss),
  });
}

/** The layer whose turn it is in a phase that goes layer by layer. */
function turnLayer({ model, moment }, backwards) {
  const turns = model.layers.length - 1;
  const turn = Math.min(turns - 1, Math.floor(moment.progress * turns));
  return backwards ? turns - turn : turn + 1;
}

function strongest(array) {
  let best = 0;
  for (let i = 1; i < array.length; i += 1) if (Math.abs(array[i]) > Math.abs(array[best])) best = i;
  return best;
}

/** The weight that this step moves most. */
function largestMove(snapshot) {
  let best = { change: 0, layer: 1, to: 0, from: 0, old: 0 };
  snapshot.layers.slice(1).forEach(({ update, weight }, i) => {
    const at = strongest(update);
    if (Math.abs(update[at]) < Math.abs(best.change)) return;
    const inputs = snapshot.layers[i].a.length;
    best = { change: update[at], old: weight[at], layer: i + 1, to: Math.floor(at / inputs), from: at % inputs };
  });
  return best;
}

/** "input", "layer 2" or "output". */
export function layerName({ model, say }, layer) {
  if (model.family === "blocks") return blockName({ model, say }, layer);
  const { role } = model.layers[layer];
  return role === "hidden" ? say("layer_name", { layer }) : say(`${role}_name`);
}

/** An input's own name, else its place. */
export function unitName(told, layer, unit) {
  if (told.model.family === "blocks") return cellName(told, layer, unit);
  if (layer === 0) return inputName(told.model, unit, told.say);
  if (told.model.layers[layer].role === "output") return outputName(told, unit);
  return told.say("unit_name", { layer, unit: unit + 1 });
}

function outputName({ model, say }, unit) {
  if (model.layers.at(-1).units === 1) return say("output_unit");
  return say("output_unit_named", { name: model.problem.class_names?.[unit] ?? unit });
}

/** @param {import("./model.js").Model} model */
export function inputName({ problem, image }, unit, say) {
  const name = problem.features?.[unit] ?? problem.input_names?.[unit];
  if (image > 0) return say("pixel_name", { row: Math.floor(unit / image) + 1, column: (unit % image) + 1 });
  return prettyFeature(name ?? `x${unit + 1}`);
}

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** "x1_squared" as "x₁²", "sin_x2" as "sin x₂". */
export function prettyFeature(name) {
  if (!/^(x\d|sin_x\d|x\d_squared|x\d_x\d)$/.test(name)) return name.replaceAll("_", " ");
  const spaced = name.replace("_squared", "²").replace("sin_", "sin ").replace("_", " ");
  return spaced.replace(/x(\d)/g, (_, n) => `x${SUBSCRIPTS[n]}`);
}

/** The canvas's text alternative. @param {Told} told */
export function pictureText(told) {
  const { model, snapshot, say, format } = told;
  const shape = model.family === "blocks" ? shapeText(told) : model.layers.map(({ units }) => units).join("–");
  const parts = [say("picture_network", { shape, step: format.count(snapshot.step),
    epoch: format.axis(Number(snapshot.epoch.toFixed(1))) })];
  parts.push(say("picture_loss", { train: format.value(snapshot.trainLoss), test: format.value(snapshot.testLoss) }));
  if (snapshot.trainAccuracy !== undefined) {
    parts.push(say("picture_accuracy", { train: format.percent(snapshot.trainAccuracy),
      test: format.percent(snapshot.testAccuracy) }));
  }
  return parts.join(" ");
}

/**
 * A unit's or an edge's numbers as rows [label, value], with a title.
 * @param {Told} told
 * @param {string} id
 * @returns {{title: string, rows: [string, string][]}|null}
 */
export function details(told, id) {
  const part = parseId(id);
  if (!part || !told.snapshot.layers[part.layer]) return null;
  if (told.model.family === "blocks") return part.kind === "unit" ? cellDetails(told, part) : tensorDetails(told, part);
  return part.kind === "unit" ? unitDetails(told, part) : edgeDetails(told, part);
}

function unitDetails(told, { layer, unit }) {
  const { say, format, snapshot } = told;
  const numbers = snapshot.layers[layer];
  if (layer === 0) return { title: unitName(told, 0, unit), rows: [[say("card_value"), format.value(numbers.a[unit])]] };
  const rows = [
    [say("card_z"), format.value(numbers.z[unit])],
    [say("card_a"), format.value(numbers.a[unit])],
    [say("card_delta"), format.value(numbers.delta[unit])],
  ];
  if (numbers.bias) {
    rows.push([say("card_bias"), format.value(numbers.bias[unit])]);
    rows.push([say("card_bias_gradient"), format.value(numbers.biasGradient[unit])]);
    rows.push([say("card_bias_update"), format.signed(numbers.biasUpdate[unit])]);
  }
  return { title: unitName(told, layer, unit), rows };
}

function edgeDetails(told, { layer, to, from }) {
  const { say, format, snapshot } = told;
  const { weight, gradient, exampleGradient, update } = snapshot.layers[layer];
  const { a } = snapshot.layers[layer - 1];
  const at = to * a.length + from;
  return {
    title: say("edge_name", { from: unitName(told, layer - 1, from), to: unitName(told, layer, to) }),
    rows: [
      [say("card_weight"), format.value(weight[at])],
      [say("card_carries"), format.value(weight[at] * a[from])],
      [say("card_gradient"), format.value(gradient[at])],
      [say("card_example_gradient"), format.value(exampleGradient[at])],
      [say("card_update"), format.signed(update[at])],
    ],
  };
}
