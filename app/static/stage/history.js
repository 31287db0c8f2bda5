/**
 * Loss and accuracy of every recorded step, kept when the film's frames are dropped: what the loss curve draws.
 * Bounded: when it grows too long every second point goes.
 */

const SERIES = ["train_loss", "test_loss", "train_accuracy", "test_accuracy"];
const MAX_POINTS = 16000;

export class History {
  constructor(maxPoints = MAX_POINTS) {
    this.maxPoints = maxPoints;
    this.clear();
  }

  clear() {
    /** @type {number[]} ascending */
    this.steps = [];
    /** @type {Object<string, number[]>} */
    this.series = Object.fromEntries(SERIES.map((name) => [name, []]));
    this.version = 0;
  }

  get length() {
    return this.steps.length;
  }

  get last() {
    return this.steps.at(-1) ?? 0;
  }

  /** @param {import("./chunk.js").Chunk} chunk */
  add(chunk) {
    if (chunk.frames === 0) return;
    const last = chunk.from + (chunk.frames - 1) * chunk.every;
    const low = this.indexAfter(chunk.from - 1);
    const high = this.indexAfter(last);
    const fresh = newSteps(chunk, this.steps, low, high);
    for (const { at, index, step } of fresh) {
      this.steps.splice(at, 0, step);
      for (const name of SERIES) this.series[name].splice(at, 0, chunk.fields.get(name)?.data[index] ?? NaN);
    }
    this.version += 1;
    if (this.length > this.maxPoints) this.thin();
  }

  /** Forgets everything from `step` on. */
  cut(step) {
    const kept = this.indexAfter(step - 1);
    this.steps.length = kept;
    for (const name of SERIES) this.series[name].length = kept;
    this.version += 1;
  }

  /** Number of recorded steps up to and including `step`. */
  indexAfter(step) {
    let low = 0;
    let high = this.steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  thin() {
    const odd = (_, index) => index % 2 === 0 || index === this.length - 1;
    const steps = this.steps.filter(odd);
    for (const name of SERIES) this.series[name] = this.series[name].filter(odd);
    this.steps = steps;
  }
}

/** The chunk's frames that `steps[low:high]` lacks, in order, with the place where each goes. */
function newSteps(chunk, steps, low, high) {
  const fresh = [];
  let at = low;
  let known = low;
  for (let index = 0; index < chunk.frames; index += 1) {
    const step = chunk.from + index * chunk.every;
    while (known < high && steps[known] < step) {
      known += 1;
      at += 1;
    }
    if (known < high && steps[known] === step) continue;
    fresh.push({ at, index, step });
    at += 1;
  }
  return fresh;
}
