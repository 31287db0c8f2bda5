/** A plot's frame: data units to pixels and back. Pure. */

/**
 * @typedef {{left: number, top: number, width: number, height: number, place: (x: number, y: number) => [number, number],
 *   invert: (px: number, py: number) => [number, number]}} Frame
 */

/**
 * @param {{width: number, height: number, margin: {left: number, right: number, top: number, bottom: number},
 *   x: [number, number], y: [number, number]}} options
 * @returns {Frame}
 */
export function makeFrame({ width, height, margin, x: [x0, x1], y: [y0, y1] }) {
  const left = margin.left;
  const top = margin.top;
  const w = Math.max(1, width - margin.left - margin.right);
  const h = Math.max(1, height - margin.top - margin.bottom);
  return {
    left, top, width: w, height: h,
    place: (x, y) => [left + (w * (x - x0)) / (x1 - x0), top + (h * (y1 - y)) / (y1 - y0)],
    invert: (px, py) => [x0 + ((px - left) * (x1 - x0)) / w, y1 - ((py - top) * (y1 - y0)) / h],
  };
}

/** Margins that leave room for tick labels. */
export const MAP_MARGIN = { left: 24, right: 2, top: 2, bottom: 20 };

/** The frame of the big map. @param {[number, number]} domain */
export function planeFrame(size, domain) {
  return makeFrame({ width: size, height: size, margin: MAP_MARGIN, x: domain, y: domain });
}

/** Low and high with a little air around. @param {number[]} values @returns {[number, number]} */
export function extent(values, air = 0.06) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = air * (high - low || 1);
  return [low - pad, high + pad];
}

/** @returns {boolean} whether a pixel lies in the plotting area */
export function insideFrame({ left, top, width, height }, px, py) {
  return px >= left && px <= left + width && py >= top && py <= top + height;
}
