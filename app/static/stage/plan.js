/**
 * Which chunk to ask for. Boundaries lie on a fixed grid, so that everybody who watches one link asks for the same
 * addresses and caches along the way can answer. Pure.
 *
 * @typedef {{from: number, to: number, every: number}} Span
 */

/** Frames a second that film may have; a second is three short chunks long. */
const RATES = [60, 30, 15, 6, 3];
const BYTES_A_SECOND = 1e6;

/** Multiply-adds that a second of film may take to be made: a share of one core. */
const OPERATIONS_A_SECOND = 2.5e9;

/**
 * Fewer frames a second for big networks: the picture is interpolated between them.
 * @param {number} bytesPerFrame
 * @param {number} operationsPerFrame
 */
export function frameRate(bytesPerFrame, operationsPerFrame = 0) {
  const fits = (rate) => rate * bytesPerFrame <= BYTES_A_SECOND && rate * operationsPerFrame <= OPERATIONS_A_SECOND;
  return RATES.find(fits) ?? RATES.at(-1);
}

/** Frames of the coarse pass over what came before an opened link's step, for the loss curve: as many as come at once. */
export function coarseFrames(bytesPerFrame, operationsPerFrame) {
  const most = Math.min(60, 4 * BYTES_A_SECOND / Math.max(1, bytesPerFrame), 2 * OPERATIONS_A_SECOND / Math.max(1, operationsPerFrame));
  return Math.max(4, Math.floor(most));
}

/** Frames of a whole chunk: two seconds where that is little, as asking costs as much as making it; else one. */
export function wholeFrames(rate, bytesPerFrame) {
  return rate === RATES[0] && 2 * rate * bytesPerFrame <= BYTES_A_SECOND ? 2 * rate : rate;
}

/** Frames of a chunk that must come at once. */
export const shortFrames = (rate) => rate / 3;

/** Steps between frames at this speed; `most` steps may lie in a `whole` chunk, so a big network's film runs no faster. */
export function everyFor(speed, rate, whole, most = Infinity) {
  return speed <= rate ? 1 : Math.max(1, Math.min(Math.round(speed / rate), Math.floor(most / whole)));
}

/**
 * The chunk of so many frames that holds `step`.
 * @param {number} step
 * @param {number} every
 * @param {number} frames
 * @returns {Span}
 */
export function spanAt(step, every, frames) {
  const length = frames * every;
  const from = Math.floor(step / length) * length;
  return { from, to: from + length, every };
}

/**
 * What to ask for next, or null if the film reaches far enough ahead: a short chunk first, then up to the next whole one.
 * @param {{coverage: (step: number, every: number) => number, end: number}} film
 * @param {{position: number, speed: number, playing: boolean, rate: number, whole: number, most?: number}} wish
 * @param {number} lowWater  seconds of film to have in hand
 * @returns {Span|null}
 */
export function nextSpan(film, { position, speed, playing, rate, whole, most }, lowWater = 1) {
  const every = playing ? everyFor(speed, rate, whole, most) : 1;
  const step = Math.floor(position);
  const covered = film.coverage(step, every);
  const ahead = playing ? Math.max(covered - position, 0) / speed : covered > step ? Infinity : 0;
  if (covered > film.end || (covered > step && ahead >= lowWater)) return null;
  const next = Math.max(covered, step);
  const short = spanAt(next, every, shortFrames(rate));
  return covered <= step ? short : { ...short, to: spanAt(next, every, whole).to };
}
