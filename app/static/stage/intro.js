/** The opening: one step told slowly, then the film shifts up through the gears, so that all is seen within seconds. Pure. */

import { SPEEDS } from "./timeline.js";

/** From this second on, this many steps a second. */
const GEARS = [
  [0, 0.5],
  [2, 4],
  [2.35, 30],
  [2.8, 60],
  [3.1, 300],
];

/**
 * @param {number} seconds  since the opening began
 * @returns {{speed: number, over: boolean}} speed: index into SPEEDS
 */
export function introSpeed(seconds) {
  const index = GEARS.findLastIndex(([from]) => seconds >= from);
  return { speed: SPEEDS.indexOf(GEARS[index][1]), over: index === GEARS.length - 1 };
}
