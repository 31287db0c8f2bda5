/** One frame's numbers of a network of blocks, as views into the chunk: the counterpart of a dense layer's numbers. */

import { values } from "../chunk.js";

/**
 * @param {{layers: import("./model.js").Block[]}} model
 * @param {import("../chunk.js").Frame} frame
 * @returns {{a: ArrayLike<number>, z: Float32Array|null, delta: Float32Array|null, tensors: {value: Float32Array,
 *   delta: Float32Array|null, gradient: Float32Array|null, exampleGradient: Float32Array|null,
 *   update: Float32Array|null}[]}[]}
 */
export function blockNumbers({ layers }, frame) {
  const read = (field) => (field ? values(frame, field) : null);
  return layers.map(({ field, z, delta, tensors }) => ({
    a: field ? read(field) : frame.chunk.header.follow.x, z: read(z), delta: read(delta),
    tensors: tensors.map((tensor) => ({
      value: read(tensor.field), delta: read(`${tensor.field}.delta`), gradient: read(`${tensor.field}.gradient`),
      exampleGradient: read(`${tensor.field}.example_gradient`), update: read(`${tensor.field}.update`),
    })),
  }));
}
