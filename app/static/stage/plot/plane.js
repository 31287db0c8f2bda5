/** The big map: what one unit or the whole network answers over the plane, its boundary, the examples and a crosshair. */

import { contour } from "../contour.js";
import { ticks } from "../scales.js";
import { drawPoints } from "./points.js";

const TURN = 2 * Math.PI;

/**
 * @typedef {{frame: import("./frame.js").Frame, domain: [number, number], big: import("../bigMap.js").BigMap,
 *   responses: import("../responses.js").Responses,
 *   of: {layer: number, unit: number}|null, discretise: boolean, points: HTMLCanvasElement|null, theme: object,
 *   format: object, followed: number[]|null, cursor: [number, number]|null, axes: [string, string]}} PlanePicture
 */

/** @param {CanvasRenderingContext2D} ctx @param {PlanePicture} picture */
export function drawPlane(ctx, picture) {
  const { frame, responses, of, discretise, theme } = picture;
  const { left, top, width, height } = frame;
  ctx.globalAlpha = 1;
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = "medium";
  const big = picture.big.paint(of, discretise);
  ctx.drawImage(big, 0.5, 0.5, big.width - 1, big.height - 1, left, top, width, height);
  if (!of && responses.model.answer === "value") drawIsolines(ctx, picture);
  else drawContours(ctx, picture);
  if (picture.points) ctx.drawImage(picture.points, 0, 0, picture.points.logicalWidth, picture.points.logicalHeight);
  if (picture.followed) drawFollowed(ctx, frame, picture.followed, theme);
  if (picture.cursor) drawCrosshair(ctx, picture);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  ctx.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  drawAxes(ctx, picture);
}

/** The boundary in ink with a light edge; two fainter lines where the answer is half sure. */
function drawContours(ctx, { frame, responses, of, discretise, theme }) {
  const { side } = responses.current;
  const fields = of ? [responses.signedField(of)] : responses.boundaries();
  ctx.setLineDash([]);
  if (!discretise && fields.length === 1) {
    for (const level of [-0.5, 0.5]) strokeContour(ctx, frame, fields[0], side, level, theme.ink, 0.8, 0.28);
  }
  for (const field of fields) {
    strokeContour(ctx, frame, field, side, 0, theme.paper, 3.6, 0.55);
    strokeContour(ctx, frame, field, side, 0, theme.ink, 1.7, 0.9);
  }
}

/** A regression has no boundary, only heights. */
function drawIsolines(ctx, { frame, responses, theme }) {
  const field = responses.signedField(null);
  for (const level of [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75]) {
    strokeContour(ctx, frame, field, responses.current.side, level, theme.ink, level === 0 ? 1.4 : 0.8,
      level === 0 ? 0.6 : 0.3);
  }
}

function strokeContour(ctx, { left, top, width, height }, field, side, level, colour, lineWidth, alpha) {
  const segments = contour(field, side, level);
  const sx = width / (side - 1);
  const sy = height / (side - 1);
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = lineWidth;
  ctx.lineCap = "round";
  ctx.beginPath();
  for (let i = 0; i < segments.length; i += 4) {
    ctx.moveTo(left + sx * segments[i], top + sy * segments[i + 1]);
    ctx.lineTo(left + sx * segments[i + 2], top + sy * segments[i + 3]);
  }
  ctx.stroke();
  ctx.lineCap = "butt";
}

function drawFollowed(ctx, frame, [x, y], theme) {
  const [px, py] = frame.place(x, y);
  for (const [radius, colour, width] of [[8, theme.paper, 4], [8, theme.ink, 1.8]]) {
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(px, py, radius, 0, TURN);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}

function drawCrosshair(ctx, { frame, cursor: [x, y], theme }) {
  const [px, py] = frame.place(x, y);
  ctx.globalAlpha = 0.55;
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1;
  ctx.setLineDash([2, 3]);
  ctx.beginPath();
  ctx.moveTo(px, frame.top);
  ctx.lineTo(px, frame.top + frame.height);
  ctx.moveTo(frame.left, py);
  ctx.lineTo(frame.left + frame.width, py);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawAxes(ctx, { frame, domain, theme, format, axes: [xName, yName] }) {
  ctx.fillStyle = theme.soft;
  ctx.font = `11px ${theme.font}`;
  const bottom = frame.top + frame.height;
  for (const tick of ticks(domain[0], domain[1], 6)) {
    const [px, py] = frame.place(tick, tick);
    ctx.textAlign = tick === domain[0] ? "left" : tick === domain[1] ? "right" : "center";
    ctx.textBaseline = "top";
    ctx.fillText(format.axis(tick), px, bottom + 5);
    ctx.textAlign = "right";
    ctx.textBaseline = tick === domain[0] ? "bottom" : tick === domain[1] ? "top" : "middle";
    ctx.fillText(format.axis(tick), frame.left - 5, py);
  }
  axisName(ctx, theme, xName, frame.left + frame.width - 7, bottom - 7, "right", "bottom");
  axisName(ctx, theme, yName, frame.left + 7, frame.top + 6, "left", "top");
}

function axisName(ctx, theme, name, x, y, align, baseline) {
  ctx.font = `italic 600 12px ${theme.font}`;
  ctx.textAlign = align;
  ctx.textBaseline = baseline;
  ctx.lineWidth = 3;
  ctx.globalAlpha = 0.8;
  ctx.strokeStyle = theme.paper;
  ctx.strokeText(name, x, y);
  ctx.globalAlpha = 1;
  ctx.fillText(name, x, y);
}

/**
 * The examples on a canvas of their own, drawn again only when they change.
 * @returns {HTMLCanvasElement}
 */
export function paintPoints({ train, test, showTest, added }, options, size, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(size * scale);
  Object.assign(canvas, { logicalWidth: size, logicalHeight: size });
  const ctx = canvas.getContext("2d");
  ctx.scale(scale, scale);
  const crowd = train.length + (showTest ? test.length : 0);
  const points = { ...options, size: crowd > 800 ? 2.2 : crowd > 400 ? 2.7 : 3.3 };
  if (showTest) drawPoints(ctx, test, { ...points, hollow: true });
  drawPoints(ctx, train, points);
  drawPoints(ctx, added, { ...options, size: 4.6 });
  return canvas;
}
