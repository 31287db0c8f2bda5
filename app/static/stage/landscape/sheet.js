/**
 * A surface that shakes,
 * on the canvas of the marks: several new ones a second would keep Plotly and a machine without a GPU
 * busy, a few hundred quadrilaterals drawn from far to near do not.
 */

import { parseColour } from "../theme.js";
import { brokenColours, colourScale } from "./palette.js";

const SHADES = 48;
/** Light from the upper left; how much a slope away from it darkens. */
const LIGHT = [-0.5, 0.6];
const SHADING = 0.16;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./plotView.js").PlotView} view
 * @param {import("./heights.js").Heights} heights
 * @param {import("../theme.js").Theme} theme
 */
export function drawSheet(ctx, view, heights, theme) {
  const colours = { ramp: makeRamp(theme.dark), broken: brokenColours(theme.dark) };
  if (heights.rows === 1) return drawCurve(ctx, view, heights, theme);
  const pixels = corners(view, heights);
  const cells = cellsOf(heights);
  if (view.eye) cells.sort((one, two) => distance(view.eye, heights, two) - distance(view.eye, heights, one));
  for (const cell of cells) drawCell(ctx, pixels, heights, cell, colours);
  return undefined;
}

function corners(view, { a, b, rows, columns, values }) {
  return Array.from({ length: rows * columns }, (_, at) => view.place(a[at % columns], b[Math.floor(at / columns)],
    values[at]));
}

function cellsOf({ rows, columns }) {
  return Array.from({ length: (rows - 1) * (columns - 1) }, (_, n) =>
    Math.floor(n / (columns - 1)) * columns + (n % (columns - 1)));
}

/** From the eye to a cell's first corner, squared, each axis in its own range. */
function distance(eye, { a, b, columns, values, low, top }, at) {
  const part = (from, to, width) => ((from - to) / width) ** 2;
  return part(eye[0], a[at % columns], a.at(-1) - a[0]) + part(eye[1], b[Math.floor(at / columns)], b.at(-1) - b[0])
    + part(eye[2], values[at], top - low);
}

function drawCell(ctx, pixels, { values, broken, columns, low, top }, at, { ramp, broken: greys }) {
  const four = [at, at + 1, at + columns + 1, at + columns];
  const room = top - low;
  const shade = SHADING * (LIGHT[0] * (values[at + 1] - values[at]) + LIGHT[1] * (values[at + columns] - values[at])) * (columns / room);
  const mean = (values[four[0]] + values[four[1]] + values[four[2]] + values[four[3]]) / 4;
  const bright = Math.round((SHADES - 1) * Math.min(1, Math.max(0, (mean - low) / room)));
  ctx.fillStyle = four.some((corner) => broken[corner]) ? greys[(Math.floor(at / columns) + (at % columns)) % 2]
    : shaded(ramp[bright], Math.max(-0.25, Math.min(0.25, shade)));
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 0.7;
  ctx.beginPath();
  for (const corner of four) ctx.lineTo(...pixels[corner]);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}

function drawCurve(ctx, view, { a, values, broken }, theme) {
  ctx.strokeStyle = theme.positive;
  ctx.lineWidth = 2.5;
  ctx.beginPath();
  a.forEach((x, i) => {
    if (broken[i]) return;
    if (i === 0 || broken[i - 1]) ctx.moveTo(...view.place(x, 0, values[i]));
    ctx.lineTo(...view.place(x, 0, values[i]));
  });
  ctx.stroke();
}

function makeRamp(dark) {
  const scale = colourScale(dark).map(([, colour]) => parseColour(colour));
  return Array.from({ length: SHADES }, (_, n) => {
    const x = (n / (SHADES - 1)) * (scale.length - 1);
    const k = Math.min(scale.length - 2, Math.floor(x));
    return scale[k].map((channel, i) => channel + (x - k) * (scale[k + 1][i] - channel));
  });
}

function shaded(rgb, shade) {
  return `rgb(${rgb.map((channel) => Math.round(Math.min(255, Math.max(0, channel * (1 + shade))))).join(" ")})`;
}
