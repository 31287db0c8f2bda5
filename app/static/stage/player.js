/**
 * Keeps the film ahead of the picture: one request in flight, a low-water mark of a second, retries that back off, a
 * short chunk first where the picture waits. Knows HTTP, knows nothing of drawing.
 *
 * @typedef {import("./link.js").Edit} Edit
 * @typedef {{kind: "refused"|"lost"|"busy"|"line", key: string, message: string, place: number}} Trouble  refused: asking
 *   again would not help; line: the server is at it, and `place` says how many come first
 * @typedef {{position: number, speed: number, playing: boolean}} Wish
 */

import { decodeChunk } from "./chunk.js";
import { Film } from "./film.js";
import { History } from "./history.js";
import { traceQuery } from "./link.js";
import { coarseFrames, frameRate, nextSpan, shortFrames, spanAt, wholeFrames } from "./plan.js";
import { VISITOR } from "./visitor.js";

const RETRY_SECONDS = [0.3, 0.6, 1.2, 2.5, 5];
/** Who has a place in the line has been waiting there: only a moment until the next question. */
const LINE_SECONDS = 0.3;

export class Player {
  /**
   * @param {{fetch?: typeof fetch, onChange?: () => void, delay?: (run: () => void, seconds: number) => void,
   *   random?: () => number}} options
   */
  constructor({ fetch: get = (...all) => fetch(...all), onChange = () => {}, delay, random = Math.random } = {}) {
    this.get = get;
    this.random = random;
    this.onChange = onChange;
    this.delay = delay ?? ((run, seconds) => setTimeout(run, 1000 * seconds));
    this.film = new Film();
    this.history = new History();
    this.frame = { bytes: 0, operations: 0 };
    this.setPace(0);
    this.flight = null;
    this.generation = 0;
    this.failures = 0;
    this.resting = false;
    /** @type {Trouble|null} */
    this.trouble = null;
    this.backfilled = true;
  }

  /** Another experiment: everything recorded is another run's. @param frame  what one takes, and how many steps may be asked for */
  open({ traceUrl, link, edits, follow, step, frame = { bytes: 0, operations: 0, steps: Infinity } }) {
    this.frame = frame;
    this.most = frame.steps;
    Object.assign(this, { traceUrl, link, edits, follow, backfilled: step === 0 });
    this.setPace(frame.bytes);
    this.film.clear();
    this.history.clear();
    this.restart();
  }

  /** One chunk that is in hand already, and no other. @param {import("./chunk.js").Chunk} chunk */
  hold(chunk) {
    this.open({ traceUrl: "", link: null, edits: [], follow: 0, step: 0 });
    this.film.add(chunk);
    this.history.add(chunk);
  }

  /** The same run up to `step`, another one after it. @param {Edit[]} edits */
  branch(edits, step) {
    this.edits = edits;
    this.film.cut(step);
    this.history.cut(step);
    this.restart();
  }

  /** The same run, told by another example. */
  followExample(index) {
    this.follow = index;
    this.film.clear();
    this.restart();
  }

  /** Tries again after a refusal or a loss. */
  restart() {
    this.generation += 1;
    this.flight?.abort();
    this.flight = null;
    this.failures = 0;
    this.trouble = null;
    this.resting = false;
  }

  /** Leaves nothing running. */
  close() {
    this.restart();
    this.link = null;
  }

  /**
   * Called as often as the picture is drawn: asks for film if it will be wanted.
   * @param {Wish} wish
   */
  want(wish) {
    if (!this.link || this.flight || this.resting || this.trouble?.kind === "refused") return;
    const span = this.nextWanted(wish);
    if (span) this.ask(span, wish);
  }

  nextWanted(wish) {
    const span = nextSpan(this.film, { ...wish, rate: this.rate, whole: this.whole, most: this.most });
    if (span || wish.playing) return span;
    if (!this.backfilled) return this.backfill(wish.position);
    const before = Math.floor(wish.position) - 1;
    return before >= 0 && !this.film.has(before) ? spanAt(before, 1, shortFrames(this.rate)) : null;
  }

  /** A coarse pass over the steps before an opened link's, for the loss curve. */
  backfill(position) {
    this.backfilled = true;
    const frames = coarseFrames(this.frame.bytes, this.frame.operations);
    const every = Math.ceil((Math.floor(position) + 1) / frames);
    return { from: 0, to: every * frames, every };
  }

  async ask(span, wish) {
    const { generation } = this;
    const flight = new AbortController();
    this.flight = flight;
    try {
      const url = `${this.traceUrl}?${traceQuery(this.link, this.edits, span, this.follow)}`;
      const response = await this.get(url, { signal: flight.signal, headers: { "X-Visitor": VISITOR } });
      const chunk = response.status === 200 ? decodeChunk(await response.arrayBuffer()) : null;
      const refusal = chunk ? null : await readRefusal(response);
      if (generation !== this.generation) return;
      this.flight = null;
      if (chunk) this.accept(chunk, wish);
      else this.refuse(refusal);
    } catch (error) {
      if (generation !== this.generation) return;
      this.flight = null;
      this.refuse({ kind: "lost", key: "", message: String(error?.message ?? error), place: 0, after: 0 });
    }
    this.onChange();
  }

  accept(chunk, wish) {
    this.failures = 0;
    this.trouble = null;
    if (chunk.frames > 0) this.setPace(chunk.bytes / chunk.frames);
    this.film.add(chunk);
    this.film.trim(wish.position);
    this.history.add(chunk);
  }

  /** Frames a second and in a whole chunk, by what one takes. */
  setPace(bytesPerFrame) {
    this.rate = frameRate(bytesPerFrame, this.frame.operations);
    this.whole = wholeFrames(this.rate, bytesPerFrame);
  }

  /** Seconds until the next try; a class that was refused together does not come back together. */
  pause({ kind, after }) {
    const least = kind === "line" ? LINE_SECONDS : RETRY_SECONDS[Math.min(this.failures, RETRY_SECONDS.length - 1)];
    return kind === "line" ? least * (1 + this.random()) : Math.max(after, least) * (1 + 0.5 * this.random());
  }

  refuse(refusal) {
    this.trouble = refusal;
    if (refusal.kind === "refused") return;
    const { generation } = this;
    this.resting = true;
    const seconds = this.pause(refusal);
    this.failures += refusal.kind === "line" ? 0 : 1;
    this.delay(() => {
      if (generation !== this.generation) return;
      this.resting = false;
      this.onChange();
    }, seconds);
  }
}

/** Why the server gave no film: 202, 503 and 5xx pass, the rest would come again. */
export async function readRefusal(response) {
  const text = await response.text();
  let error = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    // a proxy's page, not ours: the status has to do
  }
  const passing = response.status >= 500 ? "lost" : "refused";
  const kind = { 202: "line", 503: "busy" }[response.status] ?? passing;
  const after = Number(response.headers.get("Retry-After")) || 0;
  return { kind, key: error.key ?? String(response.status), message: error.message ?? `HTTP ${response.status}`,
    place: error.place ?? 0, after };
}
