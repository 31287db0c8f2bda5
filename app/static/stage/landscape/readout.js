/**
 * The surface in words and numbers: where the network is on it,
 * and a plain sentence wherever the picture misleads. Pure.
 *
 * @typedef {{heights: import("./heights.js").Heights, surface: import("./decode.js").Surface,
 *   choices: import("./choices.js").Choices, point: import("./trail.js").Point|null,
 *   gradient: {a: number, b: number, share: number}|null, update: {a: number, b: number, share: number}|null,
 *   racers: {name: string, point: import("./trail.js").Point|null}[], shakes: boolean, limited: boolean,
 * waiting: boolean, say: Function, format: import("../numbers.js").Format}} Reading
 */

import { heightAt, heightOf, lossOf, within } from "./heights.js";

/** The network is far from the plane when its distance is more than this share of the picture's half width. */
export const FAR = 0.2;
/** The drawn height misleads when it is off by more than this share of the picture's height. */
const OFF = 0.05;
/** Fewer points along a side than this are called coarse. */
const COARSE = 31;

/** One sentence on where the network is. @param {Reading} reading */
export function summary({ heights, point, say, format }) {
  if (!point) return "";
  const drawn = drawnLoss(heights, point);
  const place = { step: format.count(point.step), a: format.value(point.a), b: format.value(point.b) };
  const values = { loss: format.value(point.loss), drawn: format.value(drawn), distance: format.value(point.distance) };
  const where = heights.rows === 1 ? say("surface_at_line", place) : say("surface_at", place);
  const what = Number.isFinite(drawn) ? say("surface_losses", values) : say("surface_losses_beside", values);
  return `${where} ${what}`;
}

/** The drawn loss under a point; NaN beside the surface. */
export function drawnLoss(heights, { a, b }) {
  return lossOf(heights, heightAt(heights, a, b));
}

/** How far the network is from the plane,
 * as a share of the picture's half width in the same space. @param {Reading} reading */
export function farness({ surface, point }) {
  const half = (axis) => (axis.at(-1) - axis[0]) / 2;
  const width = surface.rows === 1 ? surface.plane.lengthOf(half(surface.a), 0)
    : (surface.plane.lengthOf(half(surface.a), 0) + surface.plane.lengthOf(0, half(surface.b))) / 2;
  return width > 0 ? point.distance / width : Infinity;
}

/** Sentences on what the picture does not tell, the gravest first. @param {Reading} reading @returns {string[]} */
export function warnings(reading) {
  return [...placeWarnings(reading), ...racerWarnings(reading), ...surfaceWarnings(reading)];
}

/** Racers that only seem to be on the surface. */
function racerWarnings({ racers, surface, say, format }) {
  return racers.filter(({ point }) => point && farness({ surface, point }) > FAR).map(({ name, point }) =>
    say("surface_far_racer", { name, share: format.percent(farness({ surface, point })) }));
}

function placeWarnings(reading) {
  const { heights, point, say, format } = reading;
  if (!point) return [];
  const found = [];
  if (!within(heights, point.a, point.b)) found.push(say("surface_beside"));
  const far = farness(reading);
  if (far > FAR) found.push(say("surface_far", { share: format.percent(far) }));
  const drawn = heightAt(heights, point.a, point.b);
  const gap = Math.abs(drawn - heightOf(heights, point.loss));
  if (far <= FAR && gap > OFF * (heights.top - heights.low) && reading.choices.data !== "batch") {
    found.push(say("surface_off", { loss: format.value(point.loss), drawn: format.value(lossOf(heights, drawn)) }));
  }
  return found;
}

function surfaceWarnings({ heights, surface, shakes, limited, waiting, choices, say, format }) {
  const found = [];
  if (heights.brokenCount > 0) found.push(say("surface_broken"));
  if (heights.cut !== null) found.push(say("surface_cut", { loss: format.value(heights.cut) }));
  if (choices.data === "batch") found.push(say("surface_batch", { count: format.count(surface.header.examples) }));
  if (heights.columns < COARSE && !shakes && (limited || !waiting)) {
    found.push(say("surface_coarse", { count: format.count(heights.columns) }));
  }
  if (heights.scale === "log") found.push(say("surface_log"));
  return found;
}

/** Rows [label, value] of the text alternative. @param {Reading} reading @returns {[string, string][]} */
export function rows(reading) {
  const { heights, surface, point, gradient, update, say, format } = reading;
  if (!point) return [];
  const pair = ({ a, b }) => (surface.rows === 1 ? format.value(a) : `${format.value(a)}; ${format.value(b)}`);
  const shadow = (way) => say("surface_shadow", { way: pair(way), share: format.percent(way.share) });
  const table = [
    [say("surface_row_place"), pair(point)],
    [say("surface_row_drawn"), format.value(drawnLoss(heights, point))],
    [say("surface_row_loss"), format.value(point.loss)],
    [say("surface_row_distance"), say("surface_distance", { distance: format.value(point.distance),
      share: format.percent(farness(reading)) })],
  ];
  if (gradient) table.push([say("surface_row_gradient"), shadow(gradient)]);
  if (update) table.push([say("surface_row_update"), shadow(update)]);
  table.push([say("surface_row_grid"), say("surface_grid", { columns: surface.columns, rows: surface.rows })]);
  return table;
}
