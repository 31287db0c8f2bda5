/**
 * A plane (or a line) through the space of parameters: where a network's parameters fall on it,
 * and how far off they are.
 * Held equal to the engine's `Landscape.project` by a test. Pure.
 *
 * @typedef {(name: string) => Float32Array|null} Read  a parameter's numbers by its name
 * @typedef {{a: number, b: number, distance: number}} Spot  coordinates of the nearest point of the plane;
 *   how far it is
 */

export class Plane {
  /**
   * @param {{name: string, size: number}[]} parameters  in the order of the flat vectors
   * @param {Float32Array} centre  [P]
   * @param {Float32Array[]} directions  one or two of [P]
   */
  constructor(parameters, centre, directions) {
    Object.assign(this, { parameters, centre, directions });
    const [first, second = first] = directions;
    this.gram = [dot(first, first), dot(first, second), dot(second, second)];
  }

  get dimensions() {
    return this.directions.length;
  }

  /**
   * The nearest point of the plane in the Euclidean norm: G c = D (w - centre), G = D D'.
   * @param {Read} read
   * @returns {Spot|null} null where the parameters are another network's
   */
  project(read) {
    const sums = this.sums(read, this.centre);
    if (!sums) return null;
    const [a, b] = this.solve(sums);
    const inside = a * sums.first + b * sums.second;
    return { a, b, distance: Math.sqrt(Math.max(0, sums.square - inside)) };
  }

  /**
   * A direction of motion, such as a gradient, seen in the plane.
   * @param {Read} read
   * @returns {{a: number, b: number, share: number}|null} share: the part of its length that lies in the plane, 0 to 1
   */
  shadow(read) {
    const sums = this.sums(read, null);
    if (!sums) return null;
    const [a, b] = this.solve(sums);
    const inside = a * sums.first + b * sums.second;
    return { a, b, share: sums.square > 0 ? Math.sqrt(Math.max(0, Math.min(1, inside / sums.square))) : 0 };
  }

  /** Inner products with both directions and with itself, of what `read` gives less `origin`; in doubles. */
  sums(read, origin) {
    const [one, two = one] = this.directions;
    const sums = { first: 0, second: 0, square: 0 };
    let at = 0;
    for (const { name, size } of this.parameters) {
      const numbers = read(name);
      if (numbers?.length !== size) return null;
      for (let i = 0; i < size; i += 1, at += 1) {
        const d = origin ? numbers[i] - origin[at] : numbers[i];
        sums.first += d * one[at];
        sums.second += d * two[at];
        sums.square += d * d;
      }
    }
    return sums;
  }

  solve({ first, second }) {
    const [aa, ab, bb] = this.gram;
    const determinant = aa * bb - ab * ab;
    if (this.dimensions === 1 || !(determinant > 0)) return [aa > 0 ? first / aa : 0, 0];
    return [(bb * first - ab * second) / determinant, (aa * second - ab * first) / determinant];
  }

  /** The parameters at a point of the plane, by name. */
  at(a, b) {
    const [one, two] = this.directions;
    const flat = this.centre.map((c, i) => c + a * one[i] + (two ? b * two[i] : 0));
    let at = 0;
    return new Map(this.parameters.map(({ name, size }) => [name, flat.subarray(at, (at += size))]));
  }

  /** The length of a step (a, b) in the space of parameters. */
  lengthOf(a, b) {
    const [aa, ab, bb] = this.gram;
    return Math.sqrt(Math.max(0, this.dimensions === 1 ? a * a * aa : a * a * aa + 2 * a * b * ab + b * b * bb));
  }
}

function dot(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += x[i] * y[i];
  return sum;
}
