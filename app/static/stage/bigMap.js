/** The big map's colours on a small canvas that is stretched when it is drawn. */

import { rampIndex } from "./scales.js";
import { mix, pixel } from "./theme.js";

/** How strongly classes tint the page's own colour. */
const CLASS_STRENGTH = 0.62;
/** Above 1 the likelier class shows more than its share. */
const CLASS_CONTRAST = 1.5;

export class BigMap {
  /**
   * @param {import("./responses.js").Responses} responses
   * @param {import("./theme.js").Theme} theme
   */
  constructor(responses, theme) {
    Object.assign(this, { responses, theme, canvas: document.createElement("canvas"), image: null });
  }

  /**
   * One unit's map, or the answer's (null).
   * @param {import("./responses.js").Place|null} of
   * @param {boolean} discretise  only which side of the boundary
   * @returns {HTMLCanvasElement}
   */
  paint(of, discretise) {
    const { side } = this.responses.current;
    if (this.image?.width !== side) {
      this.canvas.width = this.canvas.height = side;
      this.image = new ImageData(side, side);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    if (!of && this.responses.model.answer === "classes") this.colourClasses(pixels, discretise);
    else this.colourValues(pixels, this.responses.signedField(of), discretise);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    return this.canvas;
  }

  colourValues(pixels, field, discretise) {
    const { ramp } = this.theme;
    for (let i = 0; i < field.length; i += 1) pixels[i] = ramp[rampIndex(discretise ? (field[i] < 0 ? -1 : 1) : field[i])];
  }

  /** Each class's colour by its probability. */
  colourClasses(pixels, discretise) {
    const { paper, classes } = this.theme.rgb;
    const { answer } = this.responses;
    const shares = new Float32Array(answer.length / pixels.length);
    for (let p = 0; p < pixels.length; p += 1) {
      shareOut(shares, answer, p, pixels.length, discretise);
      const colour = [0, 0, 0];
      shares.forEach((share, c) => classes[c % classes.length].forEach((value, i) => (colour[i] += share * value)));
      pixels[p] = pixel(mix(paper, colour, CLASS_STRENGTH));
    }
  }
}

/** Shares of the classes at one point, in sum 1. @param {Float32Array} shares  written */
function shareOut(shares, answer, p, points, discretise) {
  let [best, total] = [0, 0];
  for (let c = 0; c < shares.length; c += 1) {
    shares[c] = answer[c * points + p] ** CLASS_CONTRAST;
    total += shares[c];
    if (shares[c] > shares[best]) best = c;
  }
  for (let c = 0; c < shares.length; c += 1) shares[c] = discretise ? Number(c === best) : shares[c] / total;
}
