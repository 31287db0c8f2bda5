/** The loss curve of training and test, with a cursor at the shown step and marks where something was changed. */

import { logTicks, ticks } from "../scales.js";
import { makeFrame } from "./frame.js";

const MARGIN = { left: 44, right: 12, top: 8, bottom: 27 };

/**
 * @typedef {{width: number, height: number, history: import("../history.js").History, step: number, recorded: number,
 *   log: boolean, edits: number[], theme: object, format: object}} LossPicture
 */

/** The plot's frame: steps across, loss (or its logarithm) up. @param {LossPicture} picture */
export function lossFrame({ width, height, history, recorded, log }) {
  const [low, high] = lossRange(history, log, recorded);
  return makeFrame({ width, height, margin: MARGIN, x: [0, Math.max(1, recorded)],
    y: [low, high].map(log ? Math.log10 : Number) });
}

/** Bounds over all that was shown, opened to round numbers so that the axis stands still. */
function lossRange(history, log, recorded) {
  let [low, high] = [Infinity, -Infinity];
  const count = history.indexAfter(recorded);
  for (const name of ["train_loss", "test_loss"]) {
    for (let i = 0; i < count; i += 1) {
      const v = history.series[name][i];
      if (v < low && (v > 0 || !log)) low = v;
      if (v > high) high = v;
    }
  }
  if (!(high > 0)) return [log ? 0.1 : 0, 1];
  if (!log) return [0, 1.06 * high];
  return [Math.min(quarter(low, Math.floor), high / 1.8), quarter(high, Math.ceil)];
}

/** The nearest quarter of a decade below or above. */
function quarter(value, round) {
  return 10 ** (round(4 * Math.log10(Math.max(value, 1e-12))) / 4);
}

/** @param {CanvasRenderingContext2D} ctx @param {LossPicture} picture */
export function drawLoss(ctx, picture) {
  const frame = lossFrame(picture);
  ctx.clearRect(0, 0, picture.width, picture.height);
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  drawLossAxes(ctx, frame, picture);
  if (picture.history.length === 0) return;
  drawEdits(ctx, frame, picture);
  drawSeries(ctx, frame, picture, "test_loss", picture.theme.test, [5, 3.5]);
  drawSeries(ctx, frame, picture, "train_loss", picture.theme.train, []);
  drawCursor(ctx, frame, picture);
}

function drawLossAxes(ctx, frame, { theme, format, log, recorded, history }) {
  const [low, high] = lossRange(history, log, recorded);
  ctx.font = `11px ${theme.font}`;
  ctx.lineWidth = 1;
  for (const tick of log ? logTicks(low, high) : ticks(low, high, 4)) {
    const [, y] = frame.place(0, log ? Math.log10(tick) : tick);
    ctx.strokeStyle = theme.line;
    line(ctx, frame.left, y, frame.left + frame.width, y);
    ctx.fillStyle = theme.soft;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillText(format.axis(tick), frame.left - 6, y);
  }
  ctx.textBaseline = "top";
  for (const tick of ticks(0, Math.max(1, recorded), frame.width / 70).filter(Number.isInteger)) {
    const [x] = frame.place(tick, 0);
    ctx.textAlign = x > frame.left + frame.width - 14 ? "right" : "center";
    ctx.fillText(format.count(tick), x, frame.top + frame.height + 6);
  }
}

function drawEdits(ctx, frame, { edits, theme }) {
  ctx.strokeStyle = theme.rise;
  ctx.setLineDash([2, 3]);
  ctx.globalAlpha = 0.8;
  for (const step of edits) {
    const [x] = frame.place(step, 0);
    line(ctx, x, frame.top, x, frame.top + frame.height);
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** One curve, bright up to the shown step and faint beyond it; at most two points a pixel. */
function drawSeries(ctx, frame, picture, name, colour, dash) {
  const { history, step, recorded } = picture;
  const shown = history.indexAfter(step);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.9;
  ctx.lineJoin = "round";
  ctx.setLineDash(dash);
  ctx.globalAlpha = 0.3;
  trace(ctx, frame, picture, name, Math.max(0, shown - 1), history.indexAfter(recorded));
  ctx.globalAlpha = 1;
  trace(ctx, frame, picture, name, 0, shown);
  ctx.setLineDash([]);
}

function trace(ctx, frame, { history, log }, name, from, to) {
  const series = history.series[name];
  const stride = Math.max(1, Math.floor(history.length / (2 * frame.width)));
  const add = (i) => {
    if (!Number.isFinite(series[i])) return;
    ctx.lineTo(...frame.place(history.steps[i], log ? Math.log10(Math.max(series[i], 1e-12)) : series[i]));
  };
  ctx.beginPath();
  if (from < to) add(from);
  for (let i = Math.ceil((from + 1) / stride) * stride; i < to - 1; i += stride) add(i);
  if (to - 1 > from) add(to - 1);
  ctx.stroke();
}

function drawCursor(ctx, frame, { history, step, theme, log }) {
  const index = Math.max(0, history.indexAfter(step) - 1);
  const [x] = frame.place(step, 0);
  ctx.strokeStyle = theme.faint;
  ctx.lineWidth = 1;
  line(ctx, x, frame.top, x, frame.top + frame.height);
  for (const [name, colour] of [["test_loss", theme.test], ["train_loss", theme.train]]) {
    const value = history.series[name][index];
    if (!Number.isFinite(value)) continue;
    const [px, py] = frame.place(history.steps[index], log ? Math.log10(Math.max(value, 1e-12)) : value);
    ctx.beginPath();
    ctx.arc(px, py, 4, 0, 2 * Math.PI);
    ctx.fillStyle = colour;
    ctx.fill();
    ctx.strokeStyle = theme.paper;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }
}

function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}
