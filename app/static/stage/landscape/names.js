/** What axes and weights are called. Pure. */

import { unitName } from "../describe.js";
import { plainName, readAxes } from "./choices.js";

/**
 * A weight as people call it: from where to where, where the model has it as a connection.
 * @param {[string, number]} place
 * @param {{model: import("../model.js").Model|null, say: Function}} told
 */
export function weightName([name, index], { model, say }) {
  const found = model?.layers.findIndex((layer, at) => at > 0 && [".weight",
    ".bias"].some((end) => plainName(layer.name + end) === plainName(name)));
  if (!(found > 0)) return say("surface_parameter", { name, index });
  const bias = plainName(name).endsWith("-bias");
  if (bias) return say("surface_bias", { unit: unitName({ model, say }, found, index) });
  const inputs = model.layers[found - 1].units;
  const from = unitName({ model, say }, found - 1, index % inputs);
  return say("edge_name", { from, to: unitName({ model, say }, found, Math.floor(index / inputs)) });
}

/**
 * Titles of both axes and of the height: of the surface that is drawn, which may be older than what is chosen by now.
 * @param {import("./decode.js").Surface} surface
 * @param {{model: object, say: Function, format: object}} told
 * @returns {[string, string, string]}
 */
export function axisTitles({ header }, told) {
  const { say, format } = told;
  const { kind, step } = readAxes(header.axes);
  const height = say(`surface_height_${header.data}`);
  const share = (k) => (header.explained ? format.percent(header.explained[k]) : "");
  const titles = {
    weights: () => [0, 1].map((k) => (header.places[k] ? weightName(header.places[k], told) : "")),
    random: () => [1, 2].map((number) => say("surface_axis_random", { number })),
    path: () => [0, 1].map((k) => say("surface_axis_path", { number: k + 1, share: share(k) })),
    curvature: () => [say("surface_axis_gradient"), say("surface_axis_curvature", {
      curvature: format.value(header.curvature) })],
    towards: () => [say("surface_axis_towards", { step: format.count(step) }), say("surface_axis_aside")],
  }[kind]();
  return [...titles, height];
}

/** The parameter of an edge of the stage, as a place;
 * null where there is none. @param {import("../model.js").Model} model */
export function placeOfEdge(model, { layer, to, from }) {
  const name = model.layers[layer]?.name;
  return name ? [plainName(`${name}.weight`), to * model.layers[layer - 1].units + from] : null;
}
