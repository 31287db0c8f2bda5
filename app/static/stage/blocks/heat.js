/** A group of equal tiles as one small picture, a pixel a value: made once a frame, stretched when it is drawn. */

/**
 * How values become colours: `gain` scales them, `bend` squeezes any size into -1..1, `root` lifts small shares.
 * @typedef {{gain: number, offset?: number, shape: "linear"|"bend"|"root"}} Scale
 */

const SHAPES = {
  linear: (v) => v,
  bend: (v) => v / Math.sqrt(1 + v * v),
  root: (v) => (v < 0 ? -Math.sqrt(-v) : Math.sqrt(v)),
};

export class Heat {
  /** @param {import("./layout.js").Panel[]} panels  of one layer and tensor, all of one size */
  constructor(panels) {
    const [{ rows, cols }] = panels;
    this.panels = panels;
    this.canvas = document.createElement("canvas");
    [this.canvas.width, this.canvas.height] = [cols, rows * panels.length];
    this.ctx = this.canvas.getContext("2d");
    this.image = new ImageData(cols, rows * panels.length);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /**
   * Colours every value anew.
   * @param {ArrayLike<number>} values  the flat array that the panels are cut from
   * @param {Uint32Array} ramp  colours from -1 to 1
   * @param {Scale} scale
   */
  colour(values, ramp, { gain, offset = 0, shape }) {
    const bend = SHAPES[shape];
    const half = (ramp.length - 1) / 2;
    this.panels.forEach(({ first, rows, cols, rowStride, colStride }, slot) => {
      for (let row = 0, to = slot * rows * cols; row < rows; row += 1) {
        for (let col = 0; col < cols; col += 1, to += 1) {
          const at = first + row * rowStride + col * colStride;
          const v = at < values.length ? bend(gain * (values[at] - offset)) : 0;
          this.pixels[to] = ramp[v >= 1 ? ramp.length - 1 : v > -1 ? Math.round((v + 1) * half) : 0];
        }
      }
    });
    this.ctx.putImageData(this.image, 0, 0);
  }

  /** Every tile in its place; `reveal` 0..1 shows its left part only, as far as time has come. */
  draw(ctx, reveal = 1) {
    ctx.imageSmoothingEnabled = false;
    this.panels.forEach(({ x, y, w, h, rows, cols }, slot) => {
      const shown = Math.max(0.001, reveal);
      ctx.drawImage(this.canvas, 0, slot * rows, cols * shown, rows, x, y, w * shown, h);
    });
  }
}
