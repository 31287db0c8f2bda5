/**
 * What the person is doing with the film: (state, action) -> state. Pure; knows no DOM and no network.
 *
 * @typedef {{link: string|null, edits: import("./link.js").Edit[], follow: number, playing: boolean, speed: number,
 *   position: number, furthest: number, goal: {position: number, rate: number}|null, intro: number|null, hover: string|null,
 *   selected: string|null, cursor: [number, number]|null, newClass: number, log: boolean, calm: boolean,
 *   surface: string|null}} State
 *   speed: index into SPEEDS; furthest: how far the person has seen; goal: where a single step or phase is gliding to;
 *   intro: seconds since the opening began;
 *   calm: the person asked for reduced motion; surface: the choices of the loss surface as text, null while it is closed
 */

import { introSpeed } from "./intro.js";
import { withEdit } from "./link.js";
import { editStep, momentAt, nextPhaseEnd, nextStep, previousStep, slowness, SPEEDS } from "./timeline.js";

/** Longest time that one tick may stand for: a tab that slept does not jump. */
const MAX_TICK = 0.1;
/** Steps a second at which a single step or phase is told. */
const GLIDE = 0.62;
export const DEFAULT_SPEED = SPEEDS.indexOf(60);

/** @type {State} */
export const INITIAL = {
  link: null, edits: [], follow: 0, playing: false, speed: DEFAULT_SPEED, position: 0, furthest: 0, goal: null, intro: null,
  hover: null, selected: null, cursor: null, newClass: 1, log: false, calm: false, surface: null,
};

/**
 * @param {State} state
 * @param {{type: string}} action
 * @returns {State}
 */
export function reduce(state, action) {
  const run = ACTIONS[action.type];
  if (!run) throw new Error(`invalid action: ${action.type}`);
  const next = run(state, action);
  return next.position > next.furthest ? { ...next, furthest: next.position } : next;
}

const ACTIONS = {
  open: (state, { link, edits, step, intro }) => ({
    ...state, link, edits, position: step, furthest: step, goal: null, hover: null, cursor: null, follow: 0,
    playing: !state.calm && step === 0 && (intro || state.playing),
    intro: intro && !state.calm && step === 0 ? 0 : null,
    speed: intro && !state.calm && step === 0 ? introSpeed(0).speed : state.speed,
  }),
  play: (state) => (state.playing ? state : { ...state, playing: true, goal: null }),
  pause: (state, { shown }) => ({ ...state, playing: false, goal: null, intro: null, position: settle(state, shown) }),
  toggle: (state, action) => (state.playing ? ACTIONS.pause(state, action) : ACTIONS.play(state)),
  speed: (state, { index }) => ({ ...state, speed: index, intro: null }),
  step: (state, { shown }) => glideTo(state, shown, nextStep),
  phase: (state, { shown }) => glideTo(state, shown, nextPhaseEnd),
  back: (state, { shown }) => stand(state, previousStep(settle(state, shown))),
  seek: (state, { step }) => stand(state, Math.max(0, step)),
  tick,
  hover: (state, { id }) => (id === state.hover ? state : { ...state, hover: id }),
  select: (state, { id }) => ({ ...state, selected: id === state.selected ? null : id }),
  cursor: (state, { point }) => ({ ...state, cursor: point }),
  newClass: (state, { index }) => ({ ...state, newClass: index }),
  log: (state) => ({ ...state, log: !state.log }),
  calm: (state, { calm }) => ({ ...state, calm }),
  surface: (state, { open, text }) => withSurface(state, open ? text ?? state.surface ?? "" : null),
  follow: (state, { index }) => ({ ...state, follow: index, intro: null }),
  edit,
};

function withSurface(state, surface) {
  return surface === state.surface ? state : { ...state, surface };
}

function stand(state, position) {
  return { ...state, playing: false, goal: null, intro: null, position };
}

/** A film that runs too fast for phases stops on a recorded step; a slow one stops where it is. */
function settle({ playing, position, speed }, shown) {
  return playing && slowness(SPEEDS[speed]) === 0 ? shown : position;
}

/** A glide that is asked for again arrives at once and the next one starts. */
function glideTo(state, shown, next) {
  const from = state.goal ? state.goal.position : settle(state, shown);
  const position = next(from);
  if (state.calm) return stand(state, position);
  return { ...stand(state, from), goal: { position, rate: GLIDE } };
}

/**
 * Time passes. `limit` is the last position that the film in hand can show, `end` the last that there will ever be.
 */
function tick(state, { dt, limit, end }) {
  const seconds = Math.min(dt, MAX_TICK);
  if (state.goal) return glide(state, seconds, limit);
  if (!state.playing) return state;
  const opened = state.intro === null ? state : introduce(state, seconds);
  const position = Math.min(opened.position + SPEEDS[opened.speed] * seconds, Math.max(limit, opened.position));
  if (position >= end) return stand(opened, end);
  return { ...opened, position };
}

function glide(state, seconds, limit) {
  const { position: target, rate } = state.goal;
  const position = Math.min(state.position + rate * seconds, target, Math.max(limit, state.position));
  return position >= target ? stand(state, target) : { ...state, position };
}

/** The opening shifts gears by itself, until it is over or the person takes the lever. */
function introduce(state, seconds) {
  const intro = state.intro + seconds;
  const { speed, over } = introSpeed(intro);
  return { ...state, speed, intro: over ? null : intro };
}

/** A changed setting or a new point: the film is cut at the shown step and goes on from there. */
function edit(state, { key, value, shown }) {
  const position = settle(state, shown);
  const step = editStep(position);
  return { ...state, position, furthest: position, goal: null, edits: withEdit(state.edits, [step, key, value]) };
}

/** What moves right now. @param {State} state */
export function isMoving(state) {
  return state.playing || state.goal !== null;
}

/** The moment to draw. @param {State} state */
export function momentOf(state) {
  if (state.calm && state.playing) return { step: Math.floor(state.position), phase: "rest", progress: 0, slow: 0 };
  return momentAt(state.position, state.goal ? state.goal.rate : SPEEDS[state.speed], state.playing);
}
