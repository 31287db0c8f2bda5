/**
 * The network's answer over many inputs at once, from the trace's own parameters: what response maps are made of.
 * The only arithmetic of the network that the browser does; tests hold it equal to the engine.
 *
 * Buffers are unit-major, [unit, point], so that the inner loop runs over the points.
 *
 * @typedef {{weight: Float32Array, bias: Float32Array|null, units: number, inputs: number,
 *   activation: {name: string, alpha?: number, approximate?: string}}} Dense  weight [units, inputs]
 */

/** What a point of the plane can be fed as. @type {Object<string, (x1: number, x2: number) => number>} */
export const FEATURES = {
  x1: (x1) => x1,
  x2: (x1, x2) => x2,
  x1_squared: (x1) => x1 * x1,
  x2_squared: (x1, x2) => x2 * x2,
  x1_x2: (x1, x2) => x1 * x2,
  sin_x1: (x1) => Math.sin(x1),
  sin_x2: (x1, x2) => Math.sin(x2),
};

/** Activations over a row of pre-activations, in place. @type {Object<string, (row: Float32Array, options: object) => void>} */
const ACTIVATIONS = {
  identity: () => {},
  relu: each((z) => (z > 0 ? z : 0)),
  leaky_relu: (row, { alpha = 0.01 }) => each((z) => (z > 0 ? z : alpha * z))(row),
  elu: (row, { alpha = 1 }) => each((z) => (z > 0 ? z : alpha * Math.expm1(z)))(row),
  gelu: (row, { approximate }) => (approximate === "tanh" ? geluTanh : geluExact)(row),
  silu: each((z) => z * sigmoid(z)),
  tanh: each(Math.tanh),
  sigmoid: each(sigmoid),
  softplus: each((z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))),
};

const geluExact = each((z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)));
const geluTanh = each((z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z))));

/** @param {(z: number) => number} f */
function each(f) {
  return (row) => {
    for (let i = 0; i < row.length; i += 1) row[i] = f(row[i]);
  };
}

export function sigmoid(z) {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

const ERFC = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368];

/** Error function, absolute error below 1.2e-7 (Numerical Recipes 6.2, erfc by Chebyshev fit). */
export function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  let sum = 0;
  for (const c of ERFC) sum = sum * t + c;
  const tail = t * Math.exp(-x * x - 1.26551223 + t * sum);
  return x >= 0 ? 1 - tail : tail - 1;
}

/** @param {{name: string}} activation @param {Float32Array} row  written */
export function activate(activation, row) {
  const run = ACTIVATIONS[activation.name];
  if (!run) throw new Error(`invalid activation: ${activation.name}`);
  run(row, activation);
}

/** Softmax over units, point by point, in place. @param {Float32Array} buffer [units, points] */
export function softmax(buffer, units, points) {
  for (let p = 0; p < points; p += 1) {
    let top = -Infinity;
    for (let i = p; i < units * points; i += points) top = Math.max(top, buffer[i]);
    let sum = 0;
    for (let i = p; i < units * points; i += points) sum += buffer[i] = Math.exp(buffer[i] - top);
    for (let i = p; i < units * points; i += points) buffer[i] /= sum;
  }
}

/**
 * Inputs of a square grid over the plane; row 0 is the top (largest x2), both ends included.
 * @param {string[]} features
 * @param {number} side
 * @param {[number, number]} domain
 * @returns {Float32Array} [feature, side * side]
 */
export function planeInputs(features, side, [low, high]) {
  const inputs = new Float32Array(features.length * side * side);
  const at = (k) => low + ((high - low) * k) / (side - 1);
  features.forEach((name, f) => {
    const feature = FEATURES[name];
    if (!feature) throw new Error(`invalid feature: ${name}`);
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        inputs[(f * side + row) * side + column] = feature(at(column), at(side - 1 - row));
      }
    }
  });
  return inputs;
}

/** Inputs of evenly spaced x on a line. @returns {Float32Array} [1, count] */
export function lineInputs(count, [low, high]) {
  return Float32Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}

/** Inputs of one point of the plane. */
export function pointInputs(features, x1, x2) {
  return Float32Array.from(features, (name) => FEATURES[name](x1, x2));
}

/**
 * Activations of every layer for every point.
 * @param {Dense[]} layers
 * @param {Float32Array} inputs [inputs, points]
 * @param {number} points
 * @param {Float32Array[]} out  one buffer a layer, [units, points], written
 */
export function forward(layers, inputs, points, out) {
  layers.forEach((layer, index) => {
    dense(layer, index === 0 ? inputs : out[index - 1], points, out[index]);
    if (layer.activation.name === "softmax") softmax(out[index], layer.units, points);
    else activate(layer.activation, out[index]);
  });
}

/** z = W x + b. @param {Dense} layer */
function dense({ weight, bias, units, inputs }, x, points, z) {
  for (let unit = 0; unit < units; unit += 1) {
    const row = z.subarray(unit * points, (unit + 1) * points);
    row.fill(bias ? bias[unit] : 0);
    for (let input = 0; input < inputs; input += 1) addScaled(row, weight[unit * inputs + input], x, input * points);
  }
}

function addScaled(row, w, x, start) {
  for (let p = 0; p < row.length; p += 1) row[p] += w * x[start + p];
}

/** One output buffer a layer. @param {Dense[]} layers @returns {Float32Array[]} */
export function makeBuffers(layers, points) {
  return layers.map(({ units }) => new Float32Array(units * points));
}

/**
 * What a person reads off the output: probabilities where the loss takes logits, else the output itself. In place.
 * @param {string} loss
 */
export function predict(loss, output, units, points) {
  if (loss === "binary_cross_entropy") ACTIVATIONS.sigmoid(output);
  if (loss === "categorical_cross_entropy") softmax(output, units, points);
}
