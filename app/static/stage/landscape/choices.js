/**
 * What a person chose of the surface, as a value, as text in the page's link, and as the query of the surface's route.
 * Text from a link is not trusted: what is not understood becomes the default. Pure.
 *
 * @typedef {{kind: "weights"|"random"|"path"|"curvature"|"towards", dimensions: 1|2, seed: number, step: number,
 *   first: Place|null, second: Place|null}} Axes
 * @typedef {[name: string, index: number]} Place  a parameter and a place in it
 * @typedef {{axes: Axes, centre: "now"|"first"|"best", data: "train"|"test"|"batch", drawing: "scene"|"contour",
 *   scale: "linear"|"log", racers: string[]}} Choices  racers: optimisers as links spell them
 */

export const KINDS = ["random", "path", "curvature", "weights", "towards"];
export const CENTRES = ["now", "first", "best"];
export const DATA = ["train", "test", "batch"];
export const DRAWINGS = ["scene", "contour"];
export const SCALES = ["linear", "log"];
export const MOST_RACERS = 4;

/** @type {Choices} */
export const DEFAULTS = {
  axes: { kind: "random", dimensions: 2, seed: 0, step: 0, first: null, second: null },
  centre: "now", data: "train", drawing: "scene", scale: "linear", racers: [],
};

const PLACE = /^\(([a-z0-9-]{1,80}),(\d{1,9})\)$/;
const RACER = /^[a-z_]{1,24}(:[0-9.e-]{1,24})?$/;

/** The axes as the route and edits read them: `random:7`,
 * `weights:(dense-1-weight,0):(dense-1-weight,1)`. @param {Axes} axes */
export function axesText({ kind, dimensions, seed, step, first, second }) {
  const own = {
    random: [String(seed)], path: [], curvature: [], weights: [placeText(first), placeText(second)],
    towards: [String(step)],
  }[kind];
  const parts = [kind, ...own, dimensions === 1 ? "1" : ""];
  while (parts.at(-1) === "") parts.pop();
  return parts.join(":");
}

function placeText(place) {
  return place ? `(${plainName(place[0])},${place[1]})` : "";
}

/** A parameter's name without what separates the parts of a link: "dense_1.weight" as "dense-1-weight". */
export function plainName(name) {
  return name.replaceAll("_", "-").replaceAll(".", "-");
}

/** @returns {Axes} */
export function readAxes(text) {
  const [kind, ...own] = text.split(":");
  const axes = { ...DEFAULTS.axes };
  if (!KINDS.includes(kind)) return axes;
  const whole = (value) => (/^\d{1,9}$/.test(value ?? "") ? Number(value) : 0);
  const count = { random: 1, path: 0, curvature: 0, weights: 2, towards: 1 }[kind];
  Object.assign(axes, { kind, dimensions: own[count] === "1" ? 1 : 2 });
  if (kind === "random") axes.seed = whole(own[0]);
  if (kind === "towards") axes.step = whole(own[0]);
  if (kind === "weights") [axes.first, axes.second] = [readPlace(own[0]), readPlace(own[1])];
  return axes;
}

function readPlace(text) {
  const [, name, index] = PLACE.exec(text ?? "") ?? [];
  return name ? [name, Number(index)] : null;
}

/** The choices as one value of the page's link. @param {Choices} choices */
export function writeChoices({ axes, centre, data, drawing, scale, racers }) {
  return [axesText(axes), centre, data, drawing, scale, ...racers].join("~");
}

/** @param {string|null|undefined} text @returns {Choices} */
export function readChoices(text) {
  if (!text) return DEFAULTS;
  const [axes, centre, data, drawing, scale, ...racers] = text.split("~");
  const one = (known, value) => (known.includes(value) ? value : known[0]);
  return {
    axes: readAxes(axes ?? ""), centre: one(CENTRES, centre), data: one(DATA, data), drawing: one(DRAWINGS, drawing),
    scale: one(SCALES, scale), racers: racers.filter((racer) => RACER.test(racer)).slice(0, MOST_RACERS),
  };
}

/**
 * The query of one surface, after the link's own.
 * @param {Choices} choices
 * @param {number} step
 * @param {number} resolution
 * @param {[number, number]|null} span  half the width along both directions; null: as the server finds it good
 */
export function surfaceQuery({ axes, centre, data }, step, resolution, span = null) {
  const held = span ? `&span=${span.map((half) => Number(half.toPrecision(6))).join()}` : "";
  return `at=${step}&axes=${axesText(axes)}&centre=${centre}&over=${data}&resolution=${resolution}${held}`;
}

/** A place on the surface as an edit's value. */
export function placeValue({ axes, centre }, a, b) {
  const [kind, ...own] = axesText(axes).split(":");
  const text = own.length > 0 ? `${kind}(${own.join(":")})` : kind;
  return [text, centre, ...[a, b].map((x) => String(Number(x.toPrecision(6))))].join(":");
}
