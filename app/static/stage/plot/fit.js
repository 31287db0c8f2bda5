/** A one-dimensional problem: the examples and the curve that the network draws through them. */

import { ticks } from "../scales.js";

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{frame: import("./frame.js").Frame, x: [number, number], y: [number, number], answer: Float32Array,
 *   unit: {values: Float32Array}|null, train: number[][], test: number[][], showTest: boolean, followed: number[]|null,
 *   cursor: [number, number]|null, theme: object, format: object}} picture  unit: a hidden unit's response, drawn besides
 */
export function drawFit(ctx, picture) {
  const { frame, theme, answer, unit } = picture;
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  drawGrid(ctx, picture);
  ctx.save();
  ctx.beginPath();
  ctx.rect(frame.left, frame.top, frame.width, frame.height);
  ctx.clip();
  if (picture.showTest) dots(ctx, frame, picture.test, theme.soft, 0.5, 3);
  dots(ctx, frame, picture.train, theme.negative, 0.75, 3.2);
  if (unit) curve(ctx, picture, unit.values, theme.rise, 2, [5, 4]);
  curve(ctx, picture, answer, theme.paper, 6, []);
  curve(ctx, picture, answer, theme.positive, 3, []);
  if (picture.followed) residual(ctx, picture);
  if (picture.cursor) crosshair(ctx, picture);
  ctx.restore();
}

function drawGrid(ctx, { frame, x, y, theme, format }) {
  ctx.strokeStyle = theme.line;
  ctx.fillStyle = theme.soft;
  ctx.lineWidth = 1;
  ctx.font = `11px ${theme.font}`;
  const bottom = frame.top + frame.height;
  for (const tick of ticks(x[0], x[1], 5)) {
    const [px] = frame.place(tick, 0);
    segment(ctx, px, frame.top, px, bottom);
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.fillText(format.axis(tick), Math.min(px, frame.left + frame.width - 8), bottom + 5);
  }
  for (const tick of ticks(y[0], y[1], 5)) {
    const [, py] = frame.place(0, tick);
    segment(ctx, frame.left, py, frame.left + frame.width, py);
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillText(format.axis(tick), frame.left - 5, py);
  }
}

function segment(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function dots(ctx, frame, points, colour, alpha, radius) {
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const [x, y] of points) {
    const [px, py] = frame.place(x, y);
    ctx.moveTo(px + radius, py);
    ctx.arc(px, py, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
  ctx.globalAlpha = 1;
}

function curve(ctx, { frame, x: [low, high] }, values, colour, width, dash) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineJoin = "round";
  ctx.setLineDash(dash);
  ctx.beginPath();
  values.forEach((v, i) => ctx.lineTo(...frame.place(low + ((high - low) * i) / (values.length - 1), v)));
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The followed example and how far the curve misses it. */
function residual(ctx, { frame, followed: [x, y, answer], theme }) {
  const [px, py] = frame.place(x, y);
  const [, ay] = frame.place(x, answer);
  ctx.strokeStyle = theme.fall;
  ctx.lineWidth = 2;
  segment(ctx, px, py, px, ay);
  ctx.strokeStyle = theme.ink;
  ctx.beginPath();
  ctx.arc(px, py, 7, 0, 2 * Math.PI);
  ctx.stroke();
}

function crosshair(ctx, { frame, cursor: [x], theme }) {
  const [px] = frame.place(x, 0);
  ctx.strokeStyle = theme.soft;
  ctx.setLineDash([2, 3]);
  segment(ctx, px, frame.top, px, frame.top + frame.height);
  ctx.setLineDash([]);
}
