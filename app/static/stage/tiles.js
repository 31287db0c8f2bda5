/** The small picture in each unit: its response map, or its incoming weights where the input is an image. */

import { planeInputs } from "./forward.js";
import { ALL_FEATURES } from "./layout/index.js";
import { fullScale } from "./responses.js";
import { rampIndex, squash } from "./scales.js";

/** Samples along a side of a feature's tile. */
const FEATURE_TILE = 24;
/** Corner radius of a tile as a share of its side. */
const CORNER = 0.15;
/** Weights are smaller than activations: what they are multiplied by before they are coloured. */
export const WEIGHT_GAIN = 4;

/** @typedef {{units: number, tile: number, canvas: HTMLCanvasElement|null, image: ImageData, corner: Uint32Array}} Atlas */

export class Tiles {
  /**
   * @param {import("./responses.js").Responses} responses
   * @param {import("./theme.js").Theme} theme
   */
  constructor(responses, theme) {
    Object.assign(this, { responses, theme, model: responses.model });
    /** @type {Atlas[]} one a layer */
    this.atlas = this.model.layers.map(({ units }) => ({ canvas: null, units }));
    if (this.model.kind === "plane") this.features = this.paintFeatures();
  }

  /** Every unit's responses as they are now, averaged two by two. */
  refresh() {
    const { side } = this.responses.current;
    this.atlas.forEach((atlas, layer) => {
      if (layer > 0) this.paintLayer(atlas, side, this.responses.scaleOf(layer), (unit) => this.responses.row(layer, unit));
    });
  }

  /** Every feature of the plane, used or not, painted once. */
  paintFeatures() {
    const atlas = { units: ALL_FEATURES.length };
    const side = 2 * FEATURE_TILE;
    const inputs = planeInputs(ALL_FEATURES, side, this.responses.domain);
    const row = (unit) => inputs.subarray(unit * side * side, (unit + 1) * side * side);
    this.paintLayer(atlas, side, null, row);
    return atlas;
  }

  /** @param {Atlas} atlas @param {((v: number) => number)|null} scale  null: each row fills the ramp */
  paintLayer(atlas, side, scale, rowOf) {
    prepare(atlas, side >> 1);
    const pixels = new Uint32Array(atlas.image.data.buffer);
    for (let unit = 0; unit < atlas.units; unit += 1) {
      const row = rowOf(unit);
      halve(row, side, scale ?? fullScale(row), this.theme.ramp, { atlas, pixels, unit });
    }
    atlas.canvas.getContext("2d").putImageData(atlas.image, 0, 0);
  }

  /**
   * Incoming weights of the first layer as pictures of what each unit looks for.
   * @param {import("./forward.js").Dense} layer
   */
  refreshWeights({ weight, units, inputs }) {
    const { image: side } = this.model;
    const atlas = this.atlas[1];
    prepare(atlas, side);
    const pixels = new Uint32Array(atlas.image.data.buffer);
    for (let unit = 0; unit < units; unit += 1) {
      for (let i = 0; i < inputs; i += 1) {
        const at = Math.floor(i / side) * units * side + unit * side + (i % side);
        pixels[at] = this.theme.ramp[rampIndex(squash(WEIGHT_GAIN * weight[unit * inputs + i], null))];
      }
    }
    atlas.canvas.getContext("2d").putImageData(atlas.image, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {import("./layout/dense.js").UnitBox} box */
  paint(ctx, box) {
    if (this.model.kind === "plane" && box.layer === 0) this.paintFeature(ctx, this.model.problem.features[box.unit], box);
    else paintCell(ctx, this.atlas[box.layer], box.unit, box, this.model.kind === "plane");
  }

  paintFeature(ctx, name, box) {
    paintCell(ctx, this.features, ALL_FEATURES.indexOf(name), box, true);
  }
}

/** A canvas for tiles of this many samples a side. @param {Atlas} atlas */
function prepare(atlas, tile) {
  if (atlas.tile === tile) return;
  atlas.tile = tile;
  atlas.canvas = document.createElement("canvas");
  atlas.canvas.width = atlas.units * tile;
  atlas.canvas.height = tile;
  atlas.image = new ImageData(atlas.units * tile, tile);
  atlas.corner = cornerMask(tile);
}

/** Means of two by two samples as colours, written into an atlas. */
function halve(row, side, scale, ramp, { atlas: { tile, units, corner }, pixels, unit }) {
  for (let y = 0; y < tile; y += 1) {
    for (let x = 0; x < tile; x += 1) {
      const at = 2 * y * side + 2 * x;
      const mean = (row[at] + row[at + 1] + row[at + side] + row[at + side + 1]) / 4;
      pixels[(y * units + unit) * tile + x] = ramp[rampIndex(scale(mean))] & corner[y * tile + x];
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

/** One tile, stretched; smooth ones leave out half a sample so that neighbours do not bleed in. */
function paintCell(ctx, { canvas, tile }, index, { x, y, w, h }, smooth) {
  if (!canvas) return;
  const inset = smooth ? 0.5 : 0;
  ctx.imageSmoothingEnabled = smooth;
  ctx.drawImage(canvas, index * tile + inset, inset, tile - 2 * inset, tile - 2 * inset, x, y, w, h);
}
