/** The followed example where the data have no plane: a picture, or one bar an input. A unit in focus shows its weights. */

import { rampIndex, squash } from "../scales.js";
import { WEIGHT_GAIN } from "../tiles.js";
import { rampColours } from "../theme.js";

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{width: number, height: number, model: import("../model.js").Model, layers: import("../forward.js").Dense[],
 *   snapshot: import("../snapshot.js").Snapshot, of: {layer: number, unit: number}|null, theme: object, format: object,
 *   name: (unit: number) => string}} picture
 */
export function drawExample(ctx, picture) {
  const { of, snapshot } = picture;
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  const seen = of?.layer === 1 ? weightsOf(picture, of.unit) : null;
  if (picture.model.image > 0) drawPixels(ctx, picture, seen);
  else drawBars(ctx, picture, seen ?? snapshot.layers[0].a);
}

function weightsOf({ layers: [{ weight, inputs }] }, unit) {
  return weight.subarray(unit * inputs, (unit + 1) * inputs);
}

function drawPixels(ctx, { width, height, model, snapshot, theme }, weights) {
  const side = model.image;
  const cell = Math.floor(Math.min(width, height) / side);
  const left = (width - cell * side) / 2;
  const colours = weights && rampColours(theme);
  const x = snapshot.layers[0].a;
  const most = Math.max(1e-9, ...x);
  for (let i = 0; i < side * side; i += 1) {
    ctx.globalAlpha = weights ? 1 : Math.max(0, x[i] / most) * 0.92;
    ctx.fillStyle = weights ? colours[rampIndex(squash(WEIGHT_GAIN * weights[i], null))] : theme.ink;
    ctx.fillRect(left + cell * (i % side), cell * Math.floor(i / side), cell - 1, cell - 1);
  }
  ctx.globalAlpha = 1;
  ctx.strokeStyle = theme.line;
  ctx.strokeRect(left - 0.5, 0.5, cell * side, cell * side - 1);
}

function drawBars(ctx, { width, height, theme, format, name }, values) {
  const row = Math.min(34, height / values.length);
  const most = Math.max(1, ...Array.from(values, Math.abs));
  const label = Math.min(150, width * 0.42);
  const half = (width - label - 56) / 2;
  const zero = label + half;
  ctx.font = `12px ${theme.font}`;
  ctx.textBaseline = "middle";
  Array.from(values).forEach((v, i) => {
    const y = row * (i + 0.5);
    ctx.fillStyle = theme.soft;
    ctx.textAlign = "left";
    ctx.fillText(name(i), 0, y, label - 8);
    ctx.fillStyle = v < 0 ? theme.negative : theme.positive;
    ctx.fillRect(Math.min(zero, zero + (half * v) / most), y - row * 0.28, Math.abs((half * v) / most), row * 0.56);
    ctx.textAlign = "right";
    ctx.fillStyle = theme.ink;
    ctx.fillText(format.short(v), width - 4, y);
  });
  ctx.strokeStyle = theme.faint;
  ctx.beginPath();
  ctx.moveTo(zero, 0);
  ctx.lineTo(zero, row * values.length);
  ctx.stroke();
}
