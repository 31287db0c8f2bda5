/**
 * Other optimisers from the same start, in step with the film: each is the same experiment with one more edit, fetched
 * through the same route and told at the same step.
 *
 * @typedef {import("../link.js").Edit} Edit
 * @typedef {{text: string, player: Player}} Racer
 */

import { Player } from "../player.js";

/** What an optimiser's edit takes the place of. */
const OWN = new Set(["optimiser", "learning_rate"]);

export class Race {
  /** @param {{onChange: () => void, makePlayer?: (options: object) => Player}} options */
  constructor({ onChange, makePlayer = (options) => new Player(options) }) {
    Object.assign(this, { onChange, makePlayer });
    /** @type {Racer[]} */
    this.racers = [];
    this.key = "";
  }

  /**
   * Says who runs and where from; asks nothing anew of those who run already.
   * @param {{traceUrl: string, link: string, edits: Edit[], follow: number}} course
   * @param {string[]} texts  optimisers as edits spell them
   */
  set(course, texts) {
    const start = startOf(course.edits);
    const key = JSON.stringify([course.traceUrl, course.link, course.edits, texts]);
    if (key === this.key) return;
    this.key = key;
    const known = new Map(this.racers.map((racer) => [racer.text, racer]));
    this.racers = texts.map((text) => known.get(text) ?? { text, player: this.makePlayer({
      onChange: this.onChange }) });
    for (const [text, { player }] of known) if (!texts.includes(text)) player.close();
    for (const racer of this.racers) this.open(racer, course, start);
  }

  open(racer, { traceUrl, link, edits }, start) {
    const own = racerEdits(edits, start, racer.text);
    const course = JSON.stringify([traceUrl, link, own]);
    if (racer.course === course) return;
    racer.course = course;
    racer.player.open({ traceUrl, link, edits: own, follow: 0, step: start + 1 });
  }

  /** As `Player.want`, for each. */
  want(wish) {
    for (const { player } of this.racers) player.want({ ...wish, position: Math.min(wish.position, player.film.end) });
  }

  /** The first step that not every racer has film for: nobody runs ahead. Those that have ended or failed hold nobody up. */
  coverage(step, every) {
    const reach = this.racers.filter(({ player }) => player.trouble?.kind !== "refused")
      .map(({ player }) => (step > player.film.end ? Infinity : player.film.coverage(step, every)));
    return Math.min(Infinity, ...reach);
  }

  close() {
    for (const { player } of this.racers) player.close();
    this.racers = [];
    this.key = "";
  }
}

/** The race begins where the network was last put, else at the first step. @param {Edit[]} edits */
export function startOf(edits) {
  return edits.findLast(([, key]) => key === "place")?.[0] ?? 0;
}

/** @returns {Edit[]} the film's edits, with another optimiser from `start` on */
export function racerEdits(edits, start, text) {
  const kept = edits.filter(([step, key]) => step < start || !OWN.has(key));
  const after = kept.findIndex(([step]) => step > start);
  const at = after < 0 ? kept.length : after;
  return [...kept.slice(0, at), [start, "optimiser", text], ...kept.slice(at)];
}
