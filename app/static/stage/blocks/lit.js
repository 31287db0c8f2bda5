/** Values that the page speaks of, by the names that the engine's own numbers have: "conv2d_1.weight:2.0.1.1", "x:3.4". */

const TOLD_BESIDE = /\.(gradient|example_gradient|update|delta)$/;

/**
 * @param {{layers: import("./model.js").Block[]}} model
 * @param {Iterable<string>} lit
 * @returns {{layer: number, tensor: number|null, at: number}[]}
 */
export function litCells({ layers }, lit) {
  const places = placesOf(layers);
  return [...lit].flatMap((name) => {
    const [field, indices = ""] = name.split(":");
    const place = places.get(field) ?? places.get(field.replace(TOLD_BESIDE, ""));
    if (!place) return [];
    const at = indices.split(".").filter(Boolean).reduce((sum, index, axis) => sum * place.shape[axis] + Number(index), 0);
    return [{ layer: place.layer, tensor: place.tensor, at }];
  });
}

/** Where each field of the film is drawn. */
function placesOf(layers) {
  const places = new Map([["x", { layer: 0, tensor: null, shape: layers[0].shape }]]);
  for (const { index, shape, field, z, delta, tensors } of layers) {
    for (const own of [field, z, delta].filter(Boolean)) places.set(own, { layer: index, tensor: null, shape });
    tensors.forEach((tensor, place) => places.set(tensor.field, { layer: index, tensor: place, shape: tensor.shape }));
  }
  return places;
}
