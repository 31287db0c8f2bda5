/**
 * Edges on a canvas of their own: stroking them is half of a frame's work, and in a film that flows they change so
 * little from frame to frame that every third one is enough.
 */

const CADENCE = 3;

export class EdgeLayer {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.ctx = this.canvas.getContext("2d");
    this.age = Infinity;
    this.links = null;
    this.highlight = null;
  }

  /**
   * Puts the edges under what follows.
   * @param {CanvasRenderingContext2D} ctx
   * @param {{width: number, height: number, scale: number}} surface
   * @param {(ctx: CanvasRenderingContext2D) => void} draw
   * @param {{links: object[], highlight: string|null}} shown  with other ones than before the edges are drawn at once
   */
  paint(ctx, surface, draw, { links, highlight }) {
    this.age += 1;
    const same = this.links === links && this.highlight === highlight && this.fits(surface);
    if (!same || this.age >= CADENCE) {
      this.redraw(surface, draw);
      Object.assign(this, { age: 0, links, highlight });
    }
    ctx.globalAlpha = 1;
    ctx.drawImage(this.canvas, 0, 0, surface.width, surface.height);
  }

  fits({ width, height, scale }) {
    return this.canvas.width === Math.round(width * scale) && this.canvas.height === Math.round(height * scale);
  }

  redraw({ width, height, scale }, draw) {
    if (!this.fits({ width, height, scale })) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    this.ctx.setTransform(scale, 0, 0, scale, 0, 0);
    this.ctx.clearRect(0, 0, width, height);
    draw(this.ctx);
  }

  /** The next picture needs new edges. */
  expire() {
    this.age = Infinity;
  }
}
