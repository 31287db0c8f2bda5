/**
 * A network of any family as a chain of blocks, one a layer: what a block holds, and from which fields of the film it is
 * read. Layers that are made of layers are taken apart; what only reshapes is left out.
 *
 * @typedef {{field: string, label: string, role: "quantity"|"parameter", shape: number[], units: number}} Tensor
 * @typedef {{index: number, name: string, kind: string, number: number, role: "input"|"hidden"|"output", shape: number[],
 *   units: number, activation: {name: string}|null, field: string|null, z: string|null, delta: string|null,
 *   tensors: Tensor[], options: object, group: string|null, groupKind: string|null, skip: number|null}} Block
 *   number: its place among the blocks of its kind, 0 if it is the only one; skip: the block that a sum adds besides
 */

const PLAIN = new Set(["dense", "activation"]);
/** Layers that change nothing but the shape. */
const SHAPELESS = new Set(["flatten"]);
/** What else of a layer is drawn, where it has it. */
const QUANTITIES = { lstm: ["cell"], self_attention: ["weights"] };

/** Whether a network must be drawn as blocks: it is not a chain of fully connected layers over single inputs. */
export function isBlocks(header, problem) {
  return (problem.input_shape?.length ?? 1) > 1 || header.layers.some(({ kind }) => !PLAIN.has(kind));
}

/**
 * @param {import("../chunk.js").Header} header
 * @param {object} problem
 * @returns {object} a Model whose layers are blocks
 */
export function buildBlocks(header, problem) {
  const fields = new Map(header.fields.map(({ name, shape }, order) => [name, { shape: shape.slice(1), order }]));
  const found = header.layers.flatMap((layer) => expand(layer, fields, null));
  const layers = [inputBlock(header, problem), ...found.map((block) => ({ ...block, tensors: tensorsOf(block, fields) }))];
  layers.forEach((block, index) => Object.assign(block, {
    index, units: product(block.shape), role: index === 0 ? "input" : index === layers.length - 1 ? "output" : "hidden",
  }));
  number(layers);
  linkSums(layers);
  const sequence = layers[0].tokens || problem.input_shape.length === 2;
  return { family: "blocks", kind: "blocks", layers, sequence, steps: layers[0].shape[0], image: 0, loss: header.loss,
    problem };
}

export const product = (shape) => shape.reduce((a, b) => a * b, 1);

function inputBlock(header, problem) {
  const shape = problem.input_shape ?? [header.follow.x.length];
  return { name: "input", kind: "input", shape, activation: null, field: null, z: null, delta: null, tensors: [], options: {},
    group: null, groupKind: null, tokens: shape.length === 1 && problem.vocabulary?.length > 0 };
}

/** A layer, or the layers that it is made of, in the order in which they are computed. */
function expand(layer, fields, outer) {
  if (SHAPELESS.has(layer.kind)) return [];
  if (!layer.parts?.length) return leaf(layer, fields, outer);
  const group = outer ?? { name: layer.name, kind: layer.kind };
  const sums = [...fields.keys()].filter((name) => name.startsWith(`${layer.name}.sum_`) && !name.endsWith(".delta"));
  const inside = [
    ...layer.parts.flatMap((part) => expand(part, fields, group)),
    ...sums.map((name) => sumBlock(name, name, `${name}.delta`, fields, group)),
  ].sort((a, b) => orderOf(a, fields) - orderOf(b, fields));
  if (layer.kind === "residual") inside.push(sumBlock(layer.name, `${layer.name}.activation`, `${layer.name}.delta`, fields, group));
  return inside;
}

function orderOf({ field }, fields) {
  return fields.get(field).order;
}

function leaf({ name, kind, activation, options }, fields, group) {
  const shape = fields.get(`${name}.activation`)?.shape;
  if (!shape) return [];
  const like = (field) => (fields.get(field)?.shape.join() === shape.join() ? field : null);
  return [{
    name, kind, shape, activation, options, field: `${name}.activation`, z: like(`${name}.pre_activation`),
    delta: like(`${name}.delta`) ?? like(`${name}.hidden.delta`), group: group?.name ?? null, groupKind: group?.kind ?? null,
  }];
}

function sumBlock(name, field, delta, fields, group) {
  return { name, kind: "sum", shape: fields.get(field).shape, activation: null, options: {}, field, z: null, delta,
    group: group.name, groupKind: group.kind };
}

function tensorsOf({ name, kind }, fields) {
  const own = (field) => ({ field, shape: fields.get(field).shape, units: product(fields.get(field).shape) });
  const quantities = (QUANTITIES[kind] ?? []).map((label) => ({ ...own(`${name}.${label}`), label, role: "quantity" }));
  const parameters = kind === "sum" ? [] : [...fields.keys()]
    .filter((field) => field.startsWith(`${name}.`) && fields.has(`${field}.example_gradient`));
  return [...quantities, ...parameters.map((field) => ({ ...own(field), label: field.slice(name.length + 1), role: "parameter" }))];
}

function number(layers) {
  const counts = new Map();
  for (const { kind } of layers) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const seen = new Map();
  for (const block of layers) {
    seen.set(block.kind, (seen.get(block.kind) ?? 0) + 1);
    block.number = counts.get(block.kind) > 1 ? seen.get(block.kind) : 0;
  }
}

/** A sum adds what its branch makes to what went into the branch: the sum before it in the group, else what came in. */
function linkSums(layers) {
  for (const block of layers) {
    block.skip = null;
    if (block.kind !== "sum") continue;
    const first = layers.findIndex(({ group }) => group === block.group);
    const before = layers.findLast(({ index, kind, group }) => index < block.index && kind === "sum" && group === block.group);
    block.skip = before?.index ?? first - 1;
  }
}

/**
 * Where a value stands in its block, from its place in the flat array.
 * @param {number[]} shape
 * @returns {number[]}
 */
export function indicesOf(shape, at) {
  const out = [];
  for (let i = shape.length - 1; i >= 0; i -= 1) {
    out.unshift(at % shape[i]);
    at = Math.floor(at / shape[i]);
  }
  return out;
}

/**
 * What a value of a block is computed from in the block before it: whole channels or a window, some time steps or all.
 * @param {Block} block
 * @param {number} at  place in the flat array
 * @param {number[]} before  shape of what goes in
 * @returns {{ranges: [number, number][]}}  one range an axis of `before`, from..to (not included)
 */
export function windowOf(block, at, before) {
  const whole = before.map((size) => [0, size]);
  if (before.length === 3 && block.shape.length === 3) return { ranges: pictureWindow(block, at, before) };
  if (before.length === block.shape.length && LOCAL.has(block.kind)) {
    const place = indicesOf(block.shape, at);
    return { ranges: whole.map((range, axis) => (axis === 0 ? [place[0], place[0] + 1] : range)) };
  }
  return { ranges: whole };
}

/** Layers whose value at a time step depends on that step alone. */
const LOCAL = new Set(["dense", "layer_norm", "activation", "dropout", "positional_encoding", "sum", "batch_norm"]);

function pictureWindow({ kind, options, shape }, at, before) {
  const [channel, ...place] = indicesOf(shape, at);
  const pair = (value) => (Array.isArray(value) ? value : [value, value]);
  if (options.kernel_size === undefined && options.size === undefined) {
    return [[channel, channel + 1], ...place.map((i) => [i, i + 1])];
  }
  const size = pair(options.kernel_size ?? options.size);
  const stride = pair(options.stride ?? size);
  const dilation = pair(options.dilation ?? 1);
  const ranges = place.map((i, axis) => {
    const reach = dilation[axis] * (size[axis] - 1) + 1;
    const from = i * stride[axis] - paddingOf(options.padding, axis, { size: before[axis + 1], places: shape[axis + 1], stride: stride[axis], reach });
    return [Math.max(0, from), Math.min(before[axis + 1], from + reach)];
  });
  return [kind === "conv2d" ? [0, before[0]] : [channel, channel + 1], ...ranges];
}

/** Rows or columns of padding above or on the left, as `engine/layers/convolution.py` has them. */
function paddingOf(padding, axis, { size, places, stride, reach }) {
  if (padding === "same") return Math.floor(Math.max((places - 1) * stride + reach - size, 0) / 2);
  if (padding === "valid" || padding === undefined) return 0;
  return Array.isArray(padding) ? padding[axis] : padding;
}
