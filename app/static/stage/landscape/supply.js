/**
 * Fetches the surface: coarse at once, finer behind it. A newer wish drops the older one,
 * on the way or not. Knows HTTP,
 * knows nothing of drawing.
 *
 * @typedef {{url: string, link: string, edits: import("../link.js").Edit[], step: number,
 *   choices: import("./choices.js").Choices, span: [number, number]|null}} Wish
 */

import { editsBefore, writeEdits } from "../link.js";
import { readRefusal } from "../player.js";
import { VISITOR } from "../visitor.js";
import { surfaceQuery } from "./choices.js";
import { decodeSurface } from "./decode.js";

const RETRY_SECONDS = 1;
/** The server is at it, and keeps the place in its line: only a moment until the next question. */
const IN_LINE = 202;
const LINE_SECONDS = 0.3;
/** How long a first surface is expected to take. */
const FIRST_SECONDS = 0.1;

export class Supply {
  /** @param {{fetch?: typeof fetch, onChange?: () => void, delay?: Function, now?: () => number}} options */
  constructor({ fetch: get = (...all) => fetch(...all), onChange = () => {}, delay,
    now = () => performance.now() } = {}) {
    Object.assign(this, { get, onChange, now });
    this.delay = delay ?? ((run, seconds) => setTimeout(run, 1000 * seconds));
    this.generation = 0;
    this.flight = null;
    /** @type {import("./decode.js").Surface|null} */
    this.surface = null;
    /** @type {import("../player.js").Trouble|null} */
    this.trouble = null;
    this.limited = false;
  }

  /** Forgets everything: another experiment. */
  clear() {
    this.drop();
    this.surface = null;
  }

  /** Asks no more. */
  drop() {
    this.generation += 1;
    this.flight?.abort.abort();
    Object.assign(this, { flight: null, trouble: null, limited: false });
  }

  /**
   * @param {Wish} wish
   * @param {number[]} resolutions  points along a side, one surface after the other
   * @param {{patience: number, between: number}} [pace]  a last surface that takes longer gets one in between
   */
  async ask(wish, resolutions, pace) {
    this.drop();
    const { generation } = this;
    const left = [...resolutions];
    let expected = FIRST_SECONDS;
    for (let side = left.shift(), first = true; side; side = left.shift(), first = false) {
      const begin = this.now();
      this.flight = { abort: new AbortController(), begin, expected };
      const answer = await this.fetchOne(wish, side).catch(lost);
      if (generation !== this.generation) return;
      if (!this.take(answer, first, () => this.ask(wish, [side, ...left], pace))) break;
      expected = ((this.now() - begin) / 1000) * growth(this.surface, left[0]);
      if (first && pace && left[0] > pace.between && expected > pace.patience) left.unshift(pace.between);
      if (left.length > 0) this.onChange();
    }
    this.flight = null;
    this.onChange();
  }

  /** Keeps a surface; what went wrong with a finer one leaves the coarse one. @returns {boolean} whether to go on */
  take({ surface, refusal }, first, again) {
    if (surface) {
      this.surface = surface;
      return true;
    }
    if (refusal.kind === "refused" && !first) {
      this.limited = true;
      return false;
    }
    this.trouble = refusal;
    if (refusal.kind !== "refused") this.retry(again, refusal.after);
    return false;
  }

  retry(again, after) {
    const { generation } = this;
    this.delay(() => generation === this.generation && again(), Math.max(after, RETRY_SECONDS));
  }

  async fetchOne({ url, link, edits, step, choices, span }, resolution) {
    const felt = writeEdits(editsBefore(edits, lastStep(step, choices) + 1));
    const parts = [link, felt && `edits=${encodeURIComponent(felt)}`, surfaceQuery(choices, step, resolution, span)];
    const { signal } = this.flight.abort;
    const ask = () => this.get(`${url}?${parts.filter(Boolean).join("&")}`, { signal, headers: { "X-Visitor": VISITOR } });
    let response = await ask();
    while (response.status === IN_LINE && !signal.aborted) {
      await new Promise((go) => this.delay(go, LINE_SECONDS * (1 + Math.random())));
      response = await ask();
    }
    if (!response.ok) return { refusal: await readRefusal(response) };
    return { surface: decodeSurface(await response.arrayBuffer()) };
  }

  /** How far the surface under way is, as far as can be told from the one before it: 0 to 1. */
  get progress() {
    if (!this.flight) return 1;
    const elapsed = (this.now() - this.flight.begin) / 1000;
    return Math.min(0.97, elapsed / Math.max(0.05, this.flight.expected));
  }

  /** Seconds that the surface under way has taken so far. */
  get waited() {
    return this.flight ? (this.now() - this.flight.begin) / 1000 : 0;
  }
}

/** How many times as many points a surface of `side` points has. */
function growth({ rows, columns }, side = 0) {
  return rows === 1 ? side / columns : (side * side) / (rows * columns);
}

function lost(error) {
  return { refusal: { kind: "lost", key: "", message: String(error?.message ?? error), after: 0 } };
}

/** The last step whose parameters the surface needs. */
function lastStep(step, { axes }) {
  return axes.kind === "towards" ? Math.max(step, axes.step) : step;
}
