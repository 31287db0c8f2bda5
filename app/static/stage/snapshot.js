/**
 * One frame's numbers by layer, as views into the chunk: what the scene, the card and the words read.
 *
 * @typedef {{z: Float32Array|null, a: Float32Array|null, delta: Float32Array|null, weight: Float32Array|null,
 *   bias: Float32Array|null, gradient: Float32Array|null, exampleGradient: Float32Array|null, update: Float32Array|null,
 *   biasGradient: Float32Array|null, biasUpdate: Float32Array|null}} LayerNumbers
 * @typedef {{step: number, epoch: number, layers: LayerNumbers[], prediction: Float32Array|null, target: number[],
 *   exampleLoss: number|undefined, batchLoss: number|undefined, trainLoss: number|undefined, testLoss: number|undefined,
 *   trainAccuracy: number|undefined, testAccuracy: number|undefined, learningRate: number|undefined, follow: object}} Snapshot
 *   layers[0] is the input: only `a`
 */

import { blockNumbers } from "./blocks/numbers.js";
import { scalar, values } from "./chunk.js";
import { targets } from "./model.js";

/**
 * @param {import("./model.js").Model} model
 * @param {import("./chunk.js").Frame} frame
 * @returns {Snapshot}
 */
export function takeSnapshot(model, frame) {
  const { header } = frame.chunk;
  return {
    step: frame.step,
    epoch: frame.step / header.epoch_steps,
    layers: model.family === "blocks" ? blockNumbers(model, frame)
      : [inputNumbers(header.follow.x), ...model.layers.slice(1).map(({ name }) => layerNumbers(frame, name))],
    prediction: values(frame, "prediction"),
    target: targets(model, header.follow.y),
    exampleLoss: scalar(frame, "example_loss"), batchLoss: scalar(frame, "batch_loss"),
    trainLoss: scalar(frame, "train_loss"), testLoss: scalar(frame, "test_loss"),
    trainAccuracy: scalar(frame, "train_accuracy"), testAccuracy: scalar(frame, "test_accuracy"),
    learningRate: scalar(frame, "learning_rate"),
    follow: header.follow,
  };
}

const NOTHING = {
  z: null, a: null, delta: null, weight: null, bias: null, gradient: null, exampleGradient: null, update: null,
  biasGradient: null, biasUpdate: null,
};

function inputNumbers(x) {
  return { ...NOTHING, a: x };
}

/** @returns {LayerNumbers} */
function layerNumbers(frame, name) {
  return {
    z: values(frame, `${name}.pre_activation`), a: values(frame, `${name}.activation`), delta: values(frame, `${name}.delta`),
    weight: values(frame, `${name}.weight`), bias: values(frame, `${name}.bias`),
    gradient: values(frame, `${name}.weight.gradient`), exampleGradient: values(frame, `${name}.weight.example_gradient`),
    update: values(frame, `${name}.weight.update`),
    biasGradient: values(frame, `${name}.bias.gradient`), biasUpdate: values(frame, `${name}.bias.update`),
  };
}
