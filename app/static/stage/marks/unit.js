/** A unit's tile: its face is a response map, a curve, its incoming weights or its value; its frame says how active it is. */

import { rampIndex, squash } from "../scales.js";

/** @param {CanvasRenderingContext2D} ctx */
export function drawFace(ctx, mark, tools) {
  ctx.globalAlpha = mark.alpha * (0.3 + 0.7 * mark.filled);
  FACES[mark.face](ctx, mark, tools);
}

const FACES = {
  plane: (ctx, { box }, { tiles }) => tiles.paint(ctx, box),
  weights: (ctx, { box }, { tiles }) => tiles.paint(ctx, box),
  line: (ctx, { box }, tools) => drawLine(ctx, box, tools),
  value: drawValue,
  plain: drawValue,
  pixel: (ctx, { box, value, share }, { theme }) => {
    ctx.globalAlpha *= value < 0 ? 0 : Math.abs(share);
    ctx.fillStyle = theme.ink;
    ctx.fillRect(box.x, box.y, box.w + 0.5, box.h + 0.5);
  },
};

function drawValue(ctx, { box, value, filled }, { responses, colours }) {
  ctx.fillStyle = colours[rampIndex(squash(value, responses.activationOf(box.layer)) * filled)];
  fillRound(ctx, box);
}

function drawLine(ctx, { x, y, w, h, layer, unit }, { responses, theme }) {
  const row = responses.row(layer, unit);
  const scale = responses.scaleOf(layer);
  ctx.fillStyle = theme.ground;
  fillRound(ctx, { x, y, w, h });
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, y + h / 2);
  ctx.lineTo(x + w, y + h / 2);
  ctx.stroke();
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  row.forEach((v, i) => ctx.lineTo(x + (w * i) / (row.length - 1), y + h * (0.5 - 0.42 * scale(v))));
  ctx.stroke();
}

/** Frame, blame and the number below. */
export function drawFrame(ctx, mark, { theme, format }) {
  const { box, face, alpha } = mark;
  ctx.setLineDash([]);
  if (face !== "pixel") drawBorder(ctx, mark, theme);
  if (mark.blamed > 0.01) drawBlame(ctx, mark, theme);
  if (mark.ring) strokeRound(ctx, box, 3, theme.ink, 1.5, 1);
  if (!mark.number) return;
  const { value, tone, delta } = mark.number;
  ctx.globalAlpha = alpha * mark.number.alpha;
  ctx.fillStyle = tone === "ink" ? theme.soft : theme[tone];
  ctx.font = `${delta ? "600 " : ""}10.5px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const words = delta ? `δ ${format.small(value)}` : format.short(value);
  ctx.fillText(words, box.x + box.w / 2, box.y + box.h + (delta ? 4 : 3));
}

function drawBorder(ctx, { box, value, share, filled, alpha, face }, theme) {
  const small = box.w < 22;
  const strength = alpha * filled * Math.abs(share) ** 0.7;
  if (strength < 0.04 || (small && face !== "plain")) return;
  strokeRound(ctx, box, small ? 0.5 : 1, value < 0 ? theme.negative : theme.positive, small ? 1.2 : 2.4, strength);
}

function drawBlame(ctx, { box, delta, blamed, alpha }, theme) {
  const tone = delta < 0 ? theme.fall : theme.rise;
  strokeRound(ctx, box, 2.5, tone, 2, alpha * blamed);
  strokeRound(ctx, box, 4.5, tone, 3, 0.25 * alpha * blamed);
}

function strokeRound(ctx, { x, y, w, h }, out, colour, width, alpha) {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  ctx.roundRect(x - out, y - out, w + 2 * out, h + 2 * out, cornerOf(w) + out);
  ctx.stroke();
}

function fillRound(ctx, { x, y, w, h }) {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, cornerOf(w));
  ctx.fill();
}

/** Corner radius of a tile. */
export function cornerOf(size) {
  return Math.min(6, size * 0.16);
}
