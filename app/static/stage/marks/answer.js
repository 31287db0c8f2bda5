/** The answer beside the target: a gauge for one output, a bar for each class for several; and the loss. */

import { clamp } from "../timeline.js";

const TURN = 2 * Math.PI;

/** @param {CanvasRenderingContext2D} ctx */
export function drawAnswer(ctx, mark, tools) {
  if (!mark.prediction) return;
  ctx.setLineDash([]);
  ctx.textBaseline = "middle";
  if (mark.answer === "classes") drawClasses(ctx, mark, tools);
  else drawGauge(ctx, mark, tools);
}

/** A short scale under the output: a ring where the answer should be, a dot where it is, and the error between. */
function drawGauge(ctx, { answer, boxes: [out], box, prediction: [p], target: [y], loss, shown, stress },
  { theme, format, say }) {
  const low = answer === "probability" ? 0 : Math.min(-1, y, p);
  const high = Math.max(1, y, p);
  const half = Math.min(box.w - 8, 44);
  const middle = Math.min(out.x + out.w / 2, box.x + box.w - half - 6);
  const top = out.y + out.h + 34;
  const place = (v) => middle - half + (2 * half * (clamp(v, low, high) - low)) / (high - low);
  line(ctx, middle - half, top, middle + half, top, theme.faint, 1.5, 1);
  line(ctx, place(p), top, place(y), top, theme.fall, 2.5 + 3 * stress, shown * 0.85);
  circle(ctx, place(y), top, 5.5 + stress, theme.paper, theme.ink, 1.6, 1);
  circle(ctx, place(p), top, 4, p < (low + high) / 2 ? theme.negative : theme.positive, null, 0, shown);
  ctx.font = `11px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.globalAlpha = 1;
  text(ctx, `${say("answer_says")} ${format.short(p)}`, middle, top + 17, theme.soft, shown);
  text(ctx, `${say("answer_target")} ${format.short(y)}`, middle, top + 32, theme.soft, 1);
  ctx.font = `600 ${12 + 2 * stress}px ${theme.font}`;
  text(ctx, `${say("answer_loss")} ${format.value(loss)}`, middle, top + 50, theme.ink, shown);
}

/** Bars from 0 to 1 beside the outputs; the right class has a ring at its end. */
function drawClasses(ctx, { boxes, box, prediction, target, names, loss, shown, stress }, { theme, format, say }) {
  const left = box.x + 10;
  const width = box.w - 16;
  boxes.forEach(({ y, h }, unit) => {
    const middle = y + h / 2;
    const colour = theme.classes[unit % theme.classes.length];
    const bar = boxes.length > 6 ? middle : middle + 6;
    const right = target[unit] > 0.5;
    line(ctx, left, bar, left + width, bar, theme.line, 4, 1);
    line(ctx, left, bar, left + width * prediction[unit] * shown, bar, colour, 4 + (right ? 2 * stress : 0), 1);
    if (right) circle(ctx, left + width, bar, 4.5 + stress, theme.paper, theme.ink, 1.6, 1);
    const label = names[unit] ?? String(unit);
    ctx.textAlign = "left";
    ctx.font = `${right ? "600 " : ""}${boxes.length > 6 ? 10.5 : 11.5}px ${theme.font}`;
    const words = width > 80 && shown > 0.5 ? `${label} · ${format.percent(prediction[unit])}` : label;
    text(ctx, words, left, bar - (boxes.length > 6 ? 9 : 11), right ? theme.ink : theme.soft, 1);
  });
  const last = boxes.at(-1);
  ctx.font = `600 ${12 + 2 * stress}px ${theme.font}`;
  text(ctx, `${say("answer_loss")} ${format.value(loss)}`, left, last.y + last.h + 16, theme.ink, shown);
}

function line(ctx, x0, y0, x1, y1, colour, width, alpha) {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
  ctx.lineCap = "butt";
}

function circle(ctx, x, y, radius, fill, stroke, width, alpha) {
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, TURN);
  ctx.fillStyle = fill;
  ctx.fill();
  if (!stroke) return;
  ctx.strokeStyle = stroke;
  ctx.lineWidth = width;
  ctx.stroke();
}

function text(ctx, words, x, y, colour, alpha) {
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
}
