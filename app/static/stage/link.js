/**
 * The link: what the address bar and the trace route carry. `link` itself (the Experiment) is Python's; edits, step and
 * language are added here.
 *
 * @typedef {[step: number, key: string, value: string]} Edit  acts before update number `step`
 */

/** Edits joined by "_": `137.learning_rate.0.3_200.optimiser.adam:0.01`. @param {Edit[]} edits */
export function writeEdits(edits) {
  return edits.map((edit) => edit.join(".")).join("_");
}

/**
 * A new edit starts a new branch: later edits go, an earlier value of the same key at the same step is replaced.
 * Points add up instead of replacing one another.
 * @param {Edit[]} edits
 * @param {Edit} edit
 * @returns {Edit[]}
 */
export function withEdit(edits, edit) {
  const [step, key] = edit;
  const replaced = (other) => other[0] === step && other[1] === key && key !== "point";
  return [...edits.filter((other) => other[0] <= step && !replaced(other)), edit];
}

/** The edits that a chunk of steps below `to` can feel: later ones would only miss the cache. @param {Edit[]} edits */
export function editsBefore(edits, to) {
  return edits.filter(([step]) => step < to);
}

/**
 * Query of one request for film.
 * @param {string} link
 * @param {Edit[]} edits
 * @param {{from: number, to: number, every: number}} span
 * @param {number} follow
 */
export function traceQuery(link, edits, { from, to, every }, follow) {
  const felt = writeEdits(editsBefore(edits, to));
  const parts = [link, felt && `edits=${encode(felt)}`, `from=${from}`, `to=${to}`, `every=${every}`, `follow=${follow}`];
  return parts.filter(Boolean).join("&");
}

/** What the page's own parameters keep when the address is rewritten. */
const KEPT = ["test", "discrete", "hide", "lang", "embed", "embed_options"];

/**
 * The address bar's query for what is on the screen.
 * @param {string} link
 * @param {Edit[]} edits
 * @param {number} step
 * @param {string} current  the present `location.search`
 * @param {string|null} surface  the loss surface's choices; null while it is closed
 */
export function address(link, edits, step, current, surface = null) {
  const now = new URLSearchParams(current);
  const kept = KEPT.filter((key) => now.has(key)).map((key) => `${key}=${encode(now.get(key))}`);
  const parts = [link, edits.length > 0 && `edits=${encode(writeEdits(edits))}`, step > 0 && `step=${step}`,
    surface !== null && `surface=${encode(surface)}`, ...kept];
  return `?${parts.filter(Boolean).join("&")}`;
}

/** Percent-encoding that leaves what is harmless and readable in a query alone. */
function encode(text) {
  return encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2C", ",");
}

/** A drawn point as an edit's value. */
export function pointValue(x1, x2, label) {
  return [round(x1), round(x2), label].join(":");
}

/** @returns {[number, number, number]} */
export function readPoint(value) {
  const [x1, x2, label] = value.split(":").map(Number);
  return [x1, x2, label];
}

const round = (x) => Number(x.toFixed(2));
