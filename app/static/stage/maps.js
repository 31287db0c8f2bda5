/**
 * Response maps: what each unit answers all over the input plane (or line), kept in small offscreen canvases.
 * One batched pass gives the big map and, averaged two by two, the tiles.
 */

import { FEATURES, forward, lineInputs, makeBuffers, planeInputs, predict } from "./forward.js";
import { ALL_FEATURES } from "./layout/index.js";
import { rampIndex, squash } from "./scales.js";
import { mix, pixel } from "./theme.js";

/** Samples along a side of the big map while it moves, and when it stands still. */
export const SIDE = { moving: 48, still: 120 };
const LINE_POINTS = 96;
/** Corner radius of a tile as a share of its side. */
const CORNER = 0.15;

export class ResponseMaps {
  /**
   * @param {import("./model.js").Model} model
   * @param {[number, number]} domain
   * @param {import("./theme.js").Theme} theme
   */
  constructor(model, domain, theme) {
    Object.assign(this, { model, domain, theme });
    this.grids = new Map();
    this.big = canvasOf(1, 1);
    this.atlas = model.layers.map(({ units }) => ({ canvas: null, units }));
    if (model.kind === "plane") this.features = this.paintFeatures();
  }

  activationOf(layer) {
    return this.model.layers[layer].activation;
  }

  /** Computes every response at `side` samples a side. @param {import("./forward.js").Dense[]} layers */
  refresh(layers, side) {
    const { kind, image } = this.model;
    if (kind === "table") return image > 0 ? this.paintWeights(layers[0]) : undefined;
    this.current = kind === "plane" ? this.grid(side, layers) : this.line(layers);
    const { inputs, out, points } = this.current;
    forward(layers, inputs, points, out);
    this.answer = this.readAnswer(out.at(-1), points);
    if (kind === "plane") this.paintTiles();
    return undefined;
  }

  grid(side, layers) {
    if (!this.grids.has(side)) {
      const inputs = planeInputs(this.model.problem.features, side, this.domain);
      this.grids.set(side, { side, points: side * side, inputs, out: makeBuffers(layers, side * side) });
    }
    return this.grids.get(side);
  }

  line(layers) {
    if (!this.grids.has(0)) {
      const inputs = lineInputs(LINE_POINTS, this.domain);
      this.grids.set(0, { side: 0, points: LINE_POINTS, inputs, out: makeBuffers(layers, LINE_POINTS) });
    }
    return this.grids.get(0);
  }

  /** The output as a person reads it. */
  readAnswer(output, points) {
    const answer = Float32Array.from(output);
    predict(this.model.loss, answer, this.model.layers.at(-1).units, points);
    return answer;
  }

  /** A unit's responses, [points]. */
  row(layer, unit) {
    const { inputs, out, points } = this.current;
    return (layer === 0 ? inputs : out[layer - 1]).subarray(unit * points, (unit + 1) * points);
  }

  /** Responses in -1..1, as its colours show them. @returns {(v: number) => number} */
  scaleOf(layer) {
    if (layer === 0) return (v) => v / Math.max(...this.domain.map(Math.abs));
    const activation = this.activationOf(layer);
    return (v) => squash(v, activation);
  }

  paintTiles() {
    const { side } = this.current;
    const tile = side >> 1;
    this.atlas.forEach((atlas, layer) => {
      if (layer === 0) return;
      const image = this.atlasImage(atlas, tile);
      const pixels = new Uint32Array(image.data.buffer);
      const scale = this.scaleOf(layer);
      const into = { pixels, width: atlas.units * tile, corner: atlas.corner, ramp: this.theme.ramp };
      for (let unit = 0; unit < atlas.units; unit += 1) {
        halve(this.row(layer, unit), side, unit * tile, scale, into);
      }
      atlas.canvas.getContext("2d").putImageData(image, 0, 0);
    });
  }

  /** Every feature of the plane, used or not, painted once. */
  paintFeatures() {
    const atlas = { units: ALL_FEATURES.length };
    const tile = SIDE.moving >> 1;
    const image = this.atlasImage(atlas, tile);
    const pixels = new Uint32Array(image.data.buffer);
    const inputs = planeInputs(ALL_FEATURES, SIDE.moving, this.domain);
    const into = { pixels, width: atlas.units * tile, corner: atlas.corner, ramp: this.theme.ramp };
    ALL_FEATURES.forEach((_, unit) => {
      const row = inputs.subarray(unit * SIDE.moving ** 2, (unit + 1) * SIDE.moving ** 2);
      halve(row, SIDE.moving, unit * tile, featureScale(row), into);
    });
    atlas.canvas.getContext("2d").putImageData(image, 0, 0);
    return atlas;
  }

  /** Incoming weights of the first layer as pictures of the image that each unit looks for. */
  paintWeights({ weight, units, inputs }) {
    const { image: side } = this.model;
    const atlas = this.atlas[1];
    const image = this.atlasImage(atlas, side);
    const pixels = new Uint32Array(image.data.buffer);
    for (let unit = 0; unit < units; unit += 1) {
      for (let i = 0; i < inputs; i += 1) {
        const at = Math.floor(i / side) * units * side + unit * side + (i % side);
        pixels[at] = this.theme.ramp[rampIndex(squash(4 * weight[unit * inputs + i], null))];
      }
    }
    atlas.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  atlasImage(atlas, tile) {
    if (atlas.tile !== tile) {
      atlas.tile = tile;
      atlas.canvas = canvasOf(atlas.units * tile, tile);
      atlas.image = new ImageData(atlas.units * tile, tile);
      atlas.corner = cornerMask(tile);
    }
    return atlas.image;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {import("./layout/dense.js").UnitBox} box */
  paintTile(ctx, box) {
    if (box.layer === 0) this.paintFeature(ctx, this.model.problem.features[box.unit], box);
    else paintCell(ctx, this.atlas[box.layer], box.unit, box, this.model.kind === "plane");
  }

  paintFeature(ctx, name, box) {
    paintCell(ctx, this.features, ALL_FEATURES.indexOf(name), box, true);
  }

  /**
   * The big map of one unit, or of the answer (null), as a small canvas to stretch.
   * @param {{layer: number, unit: number}|null} of
   * @param {{discretise: boolean}} options
   */
  paintBig(of, { discretise }) {
    const { side } = this.current;
    if (this.big.width !== side) this.big = canvasOf(side, side);
    const image = (this.bigImage = this.bigImage?.width === side ? this.bigImage : new ImageData(side, side));
    const pixels = new Uint32Array(image.data.buffer);
    if (!of && this.model.answer === "classes") this.colourClasses(pixels, discretise);
    else this.colourValues(pixels, this.signedField(of), discretise);
    this.big.getContext("2d").putImageData(image, 0, 0);
    return this.big;
  }

  /** Values whose zero is the boundary, in -1..1. */
  signedField(of) {
    if (of) {
      const row = this.row(of.layer, of.unit);
      const scale = of.layer === 0 ? featureScale(row) : this.scaleOf(of.layer);
      return row.map(scale);
    }
    const { answer } = this.model;
    if (answer === "probability") return this.answer.map((p) => 2 * p - 1);
    return this.answer.map((v) => (v > 1 ? 1 : v < -1 ? -1 : v));
  }

  colourValues(pixels, field, discretise) {
    const { ramp } = this.theme;
    for (let i = 0; i < field.length; i += 1) pixels[i] = ramp[rampIndex(discretise ? (field[i] < 0 ? -1 : 1) : field[i])];
  }

  /** Each class's colour by its probability. */
  colourClasses(pixels, discretise) {
    const { paper, classes } = this.theme.rgb;
    const units = this.model.layers.at(-1).units;
    for (let p = 0; p < pixels.length; p += 1) {
      let [r, g, b] = [0, 0, 0];
      const best = discretise ? this.bestClass(p, units, pixels.length) : -1;
      for (let c = 0; c < units; c += 1) {
        const share = discretise ? Number(c === best) : this.answer[c * pixels.length + p] ** 1.5;
        const colour = classes[c % classes.length];
        r += share * colour[0];
        g += share * colour[1];
        b += share * colour[2];
      }
      const total = discretise ? 1 : this.certainty(p, units, pixels.length);
      pixels[p] = pixel(mix(paper, [r / total, g / total, b / total], 0.62));
    }
  }

  certainty(p, units, points) {
    let total = 0;
    for (let c = 0; c < units; c += 1) total += this.answer[c * points + p] ** 1.5;
    return total;
  }

  bestClass(p, units, points) {
    let best = 0;
    for (let c = 1; c < units; c += 1) if (this.answer[c * points + p] > this.answer[best * points + p]) best = c;
    return best;
  }

  /** Fields whose zero lines are the class boundaries: one for two classes, one less than the classes for more. */
  boundaries() {
    const units = this.model.layers.at(-1).units;
    if (this.model.answer !== "classes") return [this.signedField(null)];
    const points = this.answer.length / units;
    return Array.from({ length: units - 1 }, (_, c) => {
      const field = new Float32Array(points);
      for (let p = 0; p < points; p += 1) {
        let rival = -Infinity;
        for (let other = 0; other < units; other += 1) if (other !== c) rival = Math.max(rival, this.answer[other * points + p]);
        field[p] = this.answer[c * points + p] - rival;
      }
      return field;
    });
  }

  /** The network's answer at one point of the plane, one number an output. */
  answerAt(layers, x1, x2) {
    const inputs = this.model.kind === "line" ? Float32Array.of(x1) : Float32Array.from(this.model.problem.features, (name) => FEATURES[name](x1, x2));
    const out = makeBuffers(layers, 1);
    forward(layers, inputs, 1, out);
    return this.readAnswer(out.at(-1), 1);
  }
}

/** Means of two by two samples as colours, written into an atlas. */
function halve(row, side, left, scale, { pixels, width, corner, ramp }) {
  const tile = side >> 1;
  for (let y = 0; y < tile; y += 1) {
    for (let x = 0; x < tile; x += 1) {
      const at = 2 * y * side + 2 * x;
      const mean = (row[at] + row[at + 1] + row[at + side] + row[at + side + 1]) / 4;
      pixels[y * width + left + x] = ramp[rampIndex(scale(mean))] & corner[y * tile + x];
    }
  }
}

/** Rounded corners as masks of the alpha byte: clipping every tile would cost more than all the rest. */
function cornerMask(tile) {
  const radius = CORNER * tile;
  const inset = (v) => Math.max(0, radius - v - 0.5, v + 0.5 - (tile - radius));
  return Uint32Array.from({ length: tile * tile }, (_, i) => {
    const out = Math.hypot(inset(i % tile), inset(Math.floor(i / tile))) - radius;
    return (Math.round(255 * Math.min(1, Math.max(0, 0.5 - out))) << 24) | 0xffffff;
  });
}

/** One tile of an atlas, stretched; smooth ones leave out half a sample so that neighbours do not bleed in. */
function paintCell(ctx, { canvas, tile }, index, { x, y, w, h }, smooth) {
  if (!canvas) return;
  const inset = smooth ? 0.5 : 0;
  ctx.imageSmoothingEnabled = smooth;
  ctx.drawImage(canvas, index * tile + inset, inset, tile - 2 * inset, tile - 2 * inset, x, y, w, h);
}

/** A feature fills the ramp whatever its range. */
function featureScale(row) {
  let most = 1e-9;
  for (const v of row) most = Math.max(most, Math.abs(v));
  return (v) => v / most;
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
