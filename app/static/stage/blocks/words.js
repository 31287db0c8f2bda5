/** A network of blocks in words: names of layers and values, what each phase does, and every number of one value. Pure. */

import { indicesOf } from "./model.js";

/** A token so that it can be seen: a space and a new line have signs of their own. */
export function shownToken(token) {
  return { " ": "␣", "\n": "↵", "<pad>": "·", "<end>": "∎", "<to>": "→" }[token] ?? token ?? "";
}

/** "Convolution 2". @param {import("../describe.js").Told} told */
export function blockName({ model, say }, layer) {
  const { kind, number } = model.layers[layer];
  const name = say(`kind_${kind}`);
  return number > 0 ? `${name} ${number}` : name;
}

/** A value's place: "Convolution 1, channel 2, row 3, column 4". */
export function cellName(told, layer, at) {
  const { model, say } = told;
  const block = model.layers[layer];
  const name = blockName(told, layer);
  const indices = indicesOf(block.shape, at).map((i) => i + 1);
  if (block.shape.length === 3) {
    const [channel, row, column] = indices;
    return `${name}, ${say("place_pixel", { channel, row, column })}`;
  }
  if (block.tokens || block.shape.length === 2) {
    const place = block.tokens ? say("place_step", { step: indices[0] }) : say("place_sequence", { step: indices[0], unit: indices[1] });
    return `${name}, ${place}`;
  }
  if (block.role === "output" && model.answer === "classes") {
    return `${name}, ${say("place_class", { name: model.problem.class_names?.[at] ?? at })}`;
  }
  return `${name}, ${say("place_unit", { unit: at + 1 })}`;
}

/** A parameter's or quantity's place: "Convolution 1, weight [2, 1, 3, 3]". */
export function tensorName(told, { layer, tensor, at }) {
  const { label, shape } = told.model.layers[layer].tensors[tensor];
  const place = indicesOf(shape, at).map((i) => i + 1);
  if (label === "weights") {
    return `${blockName(told, layer)}, ${told.say("place_attention", { head: place[0], query: place[1], key: place[2] })}`;
  }
  return `${blockName(told, layer)}, ${told.say(`tensor_${label.replaceAll(".", "_")}`)} [${place.join(", ")}]`;
}

/** @returns {{title: string, rows: [string, string][]}} */
export function cellDetails(told, { layer, unit }) {
  const { say, format, snapshot, model } = told;
  const block = model.layers[layer];
  const { a, z, delta } = snapshot.layers[layer];
  if (block.tokens) return { title: cellName(told, layer, unit), rows: [[say("card_token"), shownToken(model.problem.vocabulary[a[unit]])]] };
  const bends = z && block.activation && block.activation.name !== "identity";
  const rows = bends ? [[say("card_z"), format.value(z[unit])], [say("card_a"), format.value(a[unit])]]
    : [[say("card_value"), format.value(a[unit])]];
  if (delta) rows.push([say(bends ? "card_delta" : "card_value_delta"), format.value(delta[unit])]);
  if (block.role === "output" && model.answer !== "value") rows.push([say("card_share"), format.percent(shareOf(told, unit))]);
  return { title: cellName(told, layer, unit), rows };
}

function shareOf({ snapshot }, unit) {
  return snapshot.prediction[unit];
}

/** @returns {{title: string, rows: [string, string][]}} */
export function tensorDetails(told, part) {
  const { say, format, snapshot, model } = told;
  const { value, delta, gradient, exampleGradient, update } = snapshot.layers[part.layer].tensors[part.tensor];
  const { role } = model.layers[part.layer].tensors[part.tensor];
  const rows = role === "quantity" ? [[say("card_value"), format.value(value[part.at])], [say("card_value_delta"), format.value(delta[part.at])]]
    : [
      [say("card_value"), format.value(value[part.at])],
      [say("card_gradient"), format.value(gradient[part.at])],
      [say("card_example_gradient"), format.value(exampleGradient[part.at])],
      [say("card_update"), format.signed(update[part.at])],
    ];
  return { title: tensorName(told, part), rows };
}

/** What a layer does, and its strongest value. */
export function forwardCaption(told, layer, strongest) {
  const { a } = told.snapshot.layers[layer];
  const at = strongest(a);
  return told.say("caption_block_forward", { layer: blockName(told, layer), does: told.say(`does_${told.model.layers[layer].kind}`),
    place: cellName(told, layer, at), value: told.format.value(a[at]) });
}

export function backwardCaption(told, layer, strongest) {
  const { delta } = told.snapshot.layers[layer];
  if (!delta) return told.say("caption_block_back", { layer: blockName(told, layer) });
  const at = strongest(delta);
  return told.say("caption_block_backward", { layer: blockName(told, layer), place: cellName(told, layer, at),
    delta: told.format.value(delta[at]) });
}

/** The parameter that this step moves most. */
export function updateCaption(told, strongest) {
  let most = null;
  told.snapshot.layers.forEach(({ tensors }, layer) => tensors.forEach(({ update, value }, tensor) => {
    if (!update) return;
    const at = strongest(update);
    if (!most || Math.abs(update[at]) > Math.abs(most.change)) most = { layer, tensor, at, change: update[at], old: value[at] };
  }));
  if (!most) return "";
  return told.say("caption_block_update", { name: tensorName(told, most), old: told.format.value(most.old),
    change: told.format.signed(most.change), rate: told.format.axis(told.snapshot.learningRate) });
}

/** How many of the steps' answers are right. */
export function stepsLoss({ model, snapshot, say, format }, best) {
  const [steps, classes] = model.layers.at(-1).shape;
  const right = snapshot.target.filter((y, step) => best(snapshot.prediction, step * classes, classes) === y).length;
  return say("caption_loss_steps", { right: format.count(right), count: format.count(steps), loss: format.value(snapshot.exampleLoss) });
}

/** "8×8 → 6×6×6 → ..." as names with shapes. */
export function shapeText(told) {
  return told.model.layers.map(({ shape }, layer) => `${blockName(told, layer)} ${shape.join("×")}`).join(", ");
}
