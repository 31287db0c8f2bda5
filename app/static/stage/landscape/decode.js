/**
 * A surface as the server sends it: "BPS1", a JSON header, then float32 arrays (see app/surfaces.py).
 *
 * @typedef {{version: number, step: number, centre_step: number, axes: string, centre: string, data: string,
 *   rows: number, columns: number, parameters: {name: string, size: number}[], explained: number[]|null,
 *   curvature: number|null, places: [string, number][]|null, examples: number, experiment: string}} SurfaceHeader
 * @typedef {{header: SurfaceHeader, rows: number, columns: number, step: number, a: Float32Array, b: Float32Array,
 *   losses: Float32Array, plane: Plane}} Surface  losses: row after row, rows along b, columns along a
 */

import { readArrays } from "../chunk.js";
import { Plane } from "./plane.js";

const MAGIC = "BPS1";

/**
 * @param {ArrayBuffer} buffer
 * @returns {Surface}
 */
export function decodeSurface(buffer) {
  const { header, arrays } = readArrays(buffer, MAGIC);
  const data = (name) => arrays.get(name).data;
  const size = data("centre").length;
  const directions = Array.from({ length: header.dimensions }, (_, k) =>
    data("directions").subarray(k * size, (k + 1) * size));
  const plane = new Plane(header.parameters, data("centre"), directions);
  const { rows, columns, step } = header;
  return { header, rows, columns, step, a: data("a"), b: data("b"), losses: data("losses"), plane };
}
