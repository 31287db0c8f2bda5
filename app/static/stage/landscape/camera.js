/**
 * Projection of a 3-D scene: from its coordinates to pixels and back to a ray. Matrices are column after column, as in
 * WebGL. Pure.
 */

/** @returns {number[]} the product of two 4x4 matrices, x applied after y */
export function multiply(x, y) {
  const out = new Array(16).fill(0);
  for (let column = 0; column < 4; column += 1) {
    for (let row = 0; row < 4; row += 1) {
      for (let k = 0; k < 4; k += 1) out[4 * column + row] += x[4 * k + row] * y[4 * column + k];
    }
  }
  return out;
}

/** @returns {number[]} [x, y, z, w] */
export function transform(m, [x, y, z, w = 1]) {
  return [0, 1, 2, 3].map((row) => m[row] * x + m[4 + row] * y + m[8 + row] * z + m[12 + row] * w);
}

/** @returns {number[]|null} the inverse by Gauss and Jordan; null for a matrix that has none */
export function invert(matrix) {
  const rows = [0, 1, 2, 3].map((r) => [0, 1, 2, 3, 4, 5, 6,
    7].map((c) => (c < 4 ? matrix[4 * c + r] : Number(c - 4 === r))));
  for (let column = 0; column < 4; column += 1) {
    const pivot = rows.slice(column).reduce((a, b) => (Math.abs(b[column]) > Math.abs(a[column]) ? b : a));
    if (!(Math.abs(pivot[column]) > 0)) return null;
    rows.splice(rows.indexOf(pivot), 1);
    const scaled = pivot.map((v) => v / pivot[column]);
    rows.forEach((row, r) => (rows[r] = row.map((v, c) => v - row[column] * scaled[c])));
    rows.splice(column, 0, scaled);
  }
  return [0, 1, 2, 3].flatMap((c) => rows.map((row) => row[4 + c]));
}

export class Camera {
  /**
   * @param {number[]} matrix  from the scene to the cube from -1 to 1
   * @param {{left: number, top: number, width: number, height: number}} box  of the picture, in pixels
   */
  constructor(matrix, box) {
    this.matrix = matrix;
    this.box = box;
    this.inverse = invert(matrix);
  }

  /** @returns {[number, number]} the pixel of a point of the scene */
  place(point) {
    const [x, y, , w] = transform(this.matrix, point);
    const { left, top, width, height } = this.box;
    return [left + 0.5 * (1 + x / w) * width, top + 0.5 * (1 - y / w) * height];
  }

  /** The line of sight through a pixel: the points of the scene where it enters and leaves what is seen. */
  ray(px, py) {
    const { left, top, width, height } = this.box;
    const [x, y] = [(2 * (px - left)) / width - 1, 1 - (2 * (py - top)) / height];
    return [this.unproject([x, y, -1]), this.unproject([x, y, 1])];
  }

  /** Where the eye stands: the point that every line of sight goes through. */
  get eye() {
    const [x, y, z, w] = transform(this.inverse, [0, 0, 1, 0]);
    return [x / w, y / w, z / w];
  }

  unproject(corner) {
    const [x, y, z, w] = transform(this.inverse, corner);
    return [x / w, y / w, z / w];
  }
}

const between = ([x0, y0, z0], [x1, y1, z1], t) => [x0 + t * (x1 - x0), y0 + t * (y1 - y0), z0 + t * (z1 - z0)];

/**
 * Where a line of sight first meets a height over the plane.
 * @param {[number[], number[]]} ray
 * @param {(a: number, b: number) => number} height  NaN where there is none
 * @param {[number, number]} span  least and greatest height: nothing is looked for beside it
 * @returns {number[]|null} the point
 */
export function meet([from, to], height, [low, top], samples = 160) {
  const at = (z) => (z - from[2]) / (to[2] - from[2]);
  const pad = 1e-6 * (top - low);
  const [one, two] = [at(low - pad), at(top + pad)];
  const flat = !Number.isFinite(one) || !Number.isFinite(two);
  const [begin, end] = flat ? [0, 1] : [Math.max(0, Math.min(one, two)), Math.min(1, Math.max(one, two))];
  let before = null;
  for (let i = 0; i <= samples; i += 1) {
    const t = begin + ((end - begin) * i) / samples;
    const point = between(from, to, t);
    const above = point[2] - height(point[0], point[1]);
    if (before && Number.isFinite(above) && above * before.above <= 0) return bisect([from, to], height, before.t, t);
    before = Number.isFinite(above) ? { t, above } : null;
  }
  return null;
}

function bisect([from, to], height, near, far) {
  const above = (t) => {
    const [a, b, z] = between(from, to, t);
    return z - height(a, b);
  };
  const sign = Math.sign(above(near));
  for (let i = 0; i < 24; i += 1) {
    const middle = (near + far) / 2;
    if (Math.sign(above(middle)) === sign) near = middle;
    else far = middle;
  }
  return between(from, to, far);
}

/** Whether the surface stands between a point and the eye. */
export function isHidden(point, eye, height, slack, samples = 24) {
  for (let i = 1; i <= samples; i += 1) {
    const [a, b, z] = between(point, eye, (i / samples) ** 2);
    const there = height(a, b);
    if (there > z + slack) return true;
  }
  return false;
}
