/** Contour lines of a grid by marching squares with linear interpolation. Pure. */

/** Which cell sides a segment joins, by the corners above the level: 1 top-left, 2 top-right, 4 bottom-right, 8 bottom-left. */
const SEGMENTS = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

/**
 * Segments where `grid` crosses `level`, four numbers each: x, y, x, y in grid units (0 the first sample, side - 1 the last).
 * @param {ArrayLike<number>} grid  [row, column]
 * @param {number} side
 * @param {number} level
 * @returns {number[]}
 */
export function contour(grid, side, level) {
  const out = [];
  for (let row = 0; row + 1 < side; row += 1) {
    for (let column = 0; column + 1 < side; column += 1) {
      const at = row * side + column;
      const a = grid[at] - level;
      const b = grid[at + 1] - level;
      const c = grid[at + side + 1] - level;
      const d = grid[at + side] - level;
      const code = (a > 0) + 2 * (b > 0) + 4 * (c > 0) + 8 * (d > 0);
      if (code === 0 || code === 15) continue;
      for (const [from, to] of SEGMENTS[code]) {
        pushSide(out, from, column, row, a, b, c, d);
        pushSide(out, to, column, row, a, b, c, d);
      }
    }
  }
  return out;
}

/** The crossing on one side of a cell: 0 top, 1 right, 2 bottom, 3 left. */
function pushSide(out, side, x, y, a, b, c, d) {
  if (side === 0) out.push(x + a / (a - b), y);
  else if (side === 1) out.push(x + 1, y + b / (b - c));
  else if (side === 2) out.push(x + d / (d - c), y + 1);
  else out.push(x, y + a / (a - d));
}
