/**
 * The recorded film in hand: chunks of different density over the same steps, bounded in memory.
 *
 * @typedef {import("./chunk.js").Chunk} Chunk
 * @typedef {import("./chunk.js").Frame} Frame
 */

const MAX_BYTES = 48e6;

export class Film {
  constructor(maxBytes = MAX_BYTES) {
    this.maxBytes = maxBytes;
    this.clear();
  }

  clear() {
    /** @type {Chunk[]} sorted by first step, finer ones first */
    this.chunks = [];
    /** Last step that exists: finite once the run has ended. */
    this.end = Infinity;
    /** @type {import("./chunk.js").Outcome|null} */
    this.outcome = null;
  }

  /** @param {Chunk} chunk */
  add(chunk) {
    if (chunk.frames > 0) {
      this.chunks = this.chunks.filter((other) => !within(other, chunk));
      this.chunks.push(chunk);
      this.chunks.sort((a, b) => a.from - b.from || a.every - b.every);
    }
    const { outcome } = chunk.header;
    if (outcome) {
      this.outcome = outcome;
      this.end = Math.max(0, endOf(chunk, outcome));
    }
  }

  /** Forgets every frame from `step` on: an edit there makes another future. */
  cut(step) {
    const kept = this.chunks.map((chunk) => shorten(chunk, step)).filter((chunk) => chunk.frames > 0);
    this.clear();
    this.chunks = kept;
  }

  /**
   * The frame to show at `position`: the last one at or before it, from the finest chunk.
   * @param {number} position
   * @returns {Frame|null}
   */
  frameAt(position) {
    let best = null;
    for (const chunk of this.chunks) {
      if (chunk.from > position) break;
      const index = Math.min(chunk.frames - 1, Math.floor((position - chunk.from) / chunk.every));
      const step = chunk.from + index * chunk.every;
      if (!best || step > best.step) best = { chunk, index, step };
    }
    return best;
  }

  /**
   * The frame after `frame`, to interpolate towards; null at the end of what is in hand.
   * @param {Frame} frame
   * @returns {Frame|null}
   */
  after({ chunk, index, step }) {
    if (index + 1 < chunk.frames) return { chunk, index: index + 1, step: step + chunk.every };
    const target = step + chunk.every;
    const next = this.frameAt(target);
    return next?.step === target ? next : null;
  }

  /** Whether the very step is in hand. */
  has(step) {
    return this.frameAt(step)?.step === step;
  }

  /**
   * First step from `step` on that is not covered by frames at most `every` apart.
   * @param {number} step
   * @param {number} every
   */
  coverage(step, every) {
    let reached = step;
    for (const chunk of this.chunks) {
      if (chunk.every > every) continue;
      if (chunk.from > reached) break;
      reached = Math.max(reached, chunk.from + chunk.frames * chunk.every);
    }
    return this.outcome && reached > this.end ? Infinity : reached;
  }

  /** Drops the chunks farthest from `position` until the rest fits. */
  trim(position) {
    let bytes = this.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    while (bytes > this.maxBytes && this.chunks.length > 2) {
      const far = this.chunks.reduce((a, b) => (distance(b, position) > distance(a, position) ? b : a));
      this.chunks.splice(this.chunks.indexOf(far), 1);
      bytes -= far.bytes;
    }
  }
}

/** @param {Chunk} chunk */
function lastStep(chunk) {
  return chunk.from + (chunk.frames - 1) * chunk.every;
}

/** The last step of a run that ended in this chunk, as far as the chunk knows: a coarse or empty one only bounds it. */
function endOf(chunk, outcome) {
  if (chunk.frames === 0) return Math.min(outcome.step, chunk.from - 1);
  return Math.max(lastStep(chunk), Math.min(outcome.step - 1, lastStep(chunk) + chunk.every - 1));
}

function distance(chunk, position) {
  return Math.max(chunk.from - position, position - lastStep(chunk), 0);
}

/** Whether `chunk` already says all that `other` does. */
function within(other, chunk) {
  const aligned = other.every % chunk.every === 0 && (other.from - chunk.from) % chunk.every === 0;
  return aligned && other.from >= chunk.from && lastStep(other) <= lastStep(chunk);
}

/** @returns {Chunk} */
function shorten(chunk, step) {
  const frames = Math.min(chunk.frames, Math.ceil((step - chunk.from) / chunk.every));
  return { ...chunk, frames: Math.max(0, frames) };
}
