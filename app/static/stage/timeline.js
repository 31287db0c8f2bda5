/**
 * Time. A position is a real number: its whole part is the step, its fraction how far that step has been told, phase by
 * phase. Pure.
 *
 * @typedef {"rest"|"forward"|"loss"|"backward"|"update"} Phase
 * @typedef {{step: number, phase: Phase, progress: number, slow: number}} Moment  slow: 1 phases fully shown, 0 melted
 */

/** Steps a second that the speed slider offers; above 60 every value is a whole number of steps a display frame. */
export const SPEEDS = [0.1, 0.2, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1200, 3000, 6000];

/** @type {{name: Phase, from: number, to: number}[]} */
export const PHASES = [
  { name: "forward", from: 0, to: 0.4 },
  { name: "loss", from: 0.4, to: 0.52 },
  { name: "backward", from: 0.52, to: 0.82 },
  { name: "update", from: 0.82, to: 1 },
];

/** Below this many steps a second phases are told one by one; from twice that on they have melted into a flow. */
const TOLD = 4;
const NEAR = 1e-6;

/**
 * @param {number} position
 * @param {number} speed  steps a second
 * @param {boolean} moving  a film that stands at a whole step is at rest, one that runs is at the start of forward
 * @returns {Moment}
 */
export function momentAt(position, speed, moving) {
  const step = wholeStep(position);
  const told = Math.max(0, position - step);
  const slow = moving ? slowness(speed) : 1;
  if (slow === 0 || (told < NEAR && !moving)) return { step, phase: "rest", progress: 0, slow };
  const phase = PHASES.find(({ to }) => told <= to + NEAR) ?? PHASES[3];
  const progress = Math.min(1, (told - phase.from) / (phase.to - phase.from));
  return { step, phase: phase.name, progress, slow };
}

/** The step that a position lies in; one that is a whole step but for rounding errors lies in that. */
export function wholeStep(position) {
  return Math.floor(position + NEAR);
}

/** @param {number} speed */
export function slowness(speed) {
  return clamp(2 - speed / TOLD, 0, 1);
}

/** Where the phase being told ends; from rest, the end of forward. */
export function nextPhaseEnd(position) {
  const step = wholeStep(position);
  const told = position - step;
  const phase = PHASES.find(({ to }) => told < to - NEAR);
  return phase ? snap(step + phase.to) : step + 1;
}

/** The whole step that follows. */
export function nextStep(position) {
  return wholeStep(position) + 1;
}

/** Back to the start of this step if it is being told, else to the one before. */
export function previousStep(position) {
  return Math.max(0, Math.ceil(position - NEAR) - 1);
}

/** The step that a new edit acts on: this one until its update is being told. */
export function editStep(position) {
  const step = wholeStep(position);
  return position - step > PHASES[3].from ? step + 1 : step;
}

/**
 * One layer's share of a phase in which layers take turns.
 * @param {number} progress  of the phase
 * @param {number} turn  0-based place in the order
 * @param {number} turns
 * @returns {number} 0..1
 */
export function turnProgress(progress, turn, turns) {
  return clamp(progress * turns - turn, 0, 1);
}

/** Starts and ends gently. */
export function ease(t) {
  return t * t * (3 - 2 * t);
}

export function clamp(x, low, high) {
  return Math.min(high, Math.max(low, x));
}

/** A whole number that rounding error has moved off. */
function snap(position) {
  return Math.abs(position - Math.round(position)) < NEAR ? Math.round(position) : position;
}
