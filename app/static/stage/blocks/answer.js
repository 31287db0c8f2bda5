/** Answers of networks of blocks: a class at every time step below the network, and the example with its answer beside it. */

import { shownToken } from "./words.js";

/** Classes that are listed. */
const MOST_BARS = 10;

/** What the network says at each step, and what it should. @param {CanvasRenderingContext2D} ctx */
export function drawSteps(ctx, { column, model, snapshot, shown, stress }, { theme, format, say }) {
  const names = model.problem.class_names;
  const [steps, classes] = model.layers.at(-1).shape;
  const width = column.w / steps;
  const y = column.y + column.h;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (let step = 0; step < steps; step += 1) {
    const said = best(snapshot.prediction, step * classes, classes);
    const right = said === snapshot.target[step];
    const x = column.x + (step + 0.5) * width;
    ctx.font = `${right ? "600 " : ""}${Math.min(14, Math.max(8, 1.5 * width))}px ${theme.font}`;
    text(ctx, shownToken(names[said]), x, y + 12, right ? theme.positive : theme.fall, shown, 0.98 * width);
    ctx.font = `${Math.min(13, Math.max(8, 1.5 * width))}px ${theme.font}`;
    text(ctx, shownToken(names[snapshot.target[step]]), x, y + 29, theme.soft, 1, 0.98 * width);
  }
  drawStepLabels(ctx, { column, y, loss: snapshot.exampleLoss, shown, stress }, { theme, format, say });
}

function drawStepLabels(ctx, { column, y, loss, shown, stress }, { theme, format, say }) {
  ctx.font = `11px ${theme.font}`;
  if (column.x > 60) {
    ctx.textAlign = "right";
    text(ctx, say("answer_says"), column.x - 10, y + 12, theme.soft, 1);
    text(ctx, say("answer_target"), column.x - 10, y + 29, theme.soft, 1);
  }
  ctx.textAlign = "left";
  ctx.font = `600 ${12 + 2 * stress}px ${theme.font}`;
  text(ctx, `${say("answer_loss")} ${format.value(loss)}`, column.x, y + 46, theme.ink, shown);
}

/**
 * The followed example with the network's answer, beside the network.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{width: number, height: number, model: object, snapshot: object, step: number, theme: object, format: object,
 *   say: Function}} picture  step: the time step whose answer is shown, where there is one at each
 */
export function drawExampleAnswer(ctx, picture) {
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  const { model } = picture;
  if (model.answer === "value") return drawSeries(ctx, picture);
  const image = model.layers[0].shape.length === 3;
  const top = image ? drawPicture(ctx, picture) : drawContext(ctx, picture);
  return drawBars(ctx, picture, top);
}

/** Pixels that the panel needs. */
export function answerHeight({ answer, layers: [input], problem }) {
  if (answer === "value") return 260;
  const bars = 24 * Math.min(MOST_BARS, problem.class_names.length);
  return input.shape.length === 3 ? 160 + bars * 0.7 : 44 + 22 * Math.ceil(input.shape[0] / 24) + bars;
}

/** The picture itself; gives where it ends. */
function drawPicture(ctx, { width, height, model, snapshot, theme }) {
  const [, rows, cols] = model.layers[0].shape;
  const { a } = snapshot.layers[0];
  const cell = Math.floor(Math.min(140, 0.44 * width, 0.5 * height) / Math.max(rows, cols)) || 1;
  const left = (width - cell * cols) / 2;
  const [low, high] = [Math.min(...a), Math.max(...a)];
  ctx.fillStyle = theme.ink;
  for (let i = 0; i < rows * cols; i += 1) {
    ctx.globalAlpha = (0.92 * (a[i] - low)) / Math.max(1e-9, high - low);
    ctx.fillRect(left + cell * (i % cols), 4 + cell * Math.floor(i / cols), cell, cell);
  }
  ctx.globalAlpha = 1;
  ctx.strokeStyle = theme.line;
  ctx.strokeRect(left - 0.5, 3.5, cell * cols + 1, cell * rows + 1);
  return 4 + cell * rows + 14;
}

/** The sequence as text, the step whose answer is shown underlined; gives where it ends. */
function drawContext(ctx, { width, model, snapshot, step, theme }) {
  const { vocabulary } = model.problem;
  const { a } = snapshot.layers[0];
  const [steps, size] = model.layers[0].shape;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `15px ${theme.font}`;
  let [x, y] = [6, 14];
  for (let t = 0; t < steps; t += 1) {
    const word = shownToken(vocabulary[model.layers[0].tokens ? a[t] : best(a, t * size, size)]);
    const w = ctx.measureText(word).width + (word.length > 1 ? 7 : 2);
    if (x + w > width - 6) [x, y] = [6, y + 22];
    text(ctx, word, x, y, model.answer === "steps" && t > step ? theme.faint : theme.ink, 1);
    if (model.answer === "steps" && t === step) {
      ctx.fillStyle = theme.positive;
      ctx.fillRect(x, y + 10, w - 2, 2);
    }
    x += w;
  }
  return y + 30;
}

/** Bars from 0 to 1: each class, or the likeliest of many and the right one. */
function drawBars(ctx, { width, height, model, snapshot, step, theme, format }, top) {
  const { names, shares, right } = sharesOf(model, snapshot, step);
  const shown = shares.map((_, index) => index);
  if (shown.length > MOST_BARS) {
    shown.sort((a, b) => shares[b] - shares[a]).splice(MOST_BARS);
    if (!shown.includes(right)) shown[MOST_BARS - 1] = right;
  }
  const row = Math.min(30, (height - top - 4) / shown.length);
  const label = Math.min(96, 0.34 * width);
  const room = width - label - 58;
  ctx.textBaseline = "middle";
  shown.forEach((index, place) => {
    const y = top + row * (place + 0.5);
    ctx.font = `${index === right ? "600 " : ""}${Math.min(13, row - 3)}px ${theme.font}`;
    ctx.textAlign = "right";
    text(ctx, shownToken(names[index]), label - 8, y, index === right ? theme.ink : theme.soft, 1, label - 8);
    ctx.fillStyle = theme.line;
    ctx.fillRect(label, y - 3, room, 6);
    ctx.fillStyle = index === right ? theme.positive : theme.negative;
    ctx.fillRect(label, y - Math.min(6, 0.32 * row), room * shares[index], 2 * Math.min(6, 0.32 * row));
    ctx.textAlign = "left";
    text(ctx, format.percent(shares[index]), label + room + 8, y, index === right ? theme.ink : theme.soft, 1);
    if (index === right) ring(ctx, label + room, y, theme);
  });
}

/** Every class's share of the answer, and the right class. */
export function sharesOf(model, { prediction, target }, step) {
  const names = model.problem.class_names;
  const all = Array.from(prediction);
  if (model.answer === "steps") {
    const classes = model.layers.at(-1).shape[1];
    return { names, shares: all.slice(step * classes, (step + 1) * classes), right: target[step] };
  }
  if (model.answer === "classes") return { names, shares: all.map((p) => Math.min(1, Math.max(0, p))), right: best(target, 0, target.length) };
  const up = model.answer === "signed" ? Math.min(1, Math.max(0, (prediction[0] + 1) / 2)) : prediction[0];
  return { names, shares: [1 - up, up], right: Number(target[0] > 0.5) };
}

/** The values of the window, what the network says comes next, and what came. */
function drawSeries(ctx, { width, height, model, snapshot, theme, format, say }) {
  const x = Array.from(snapshot.layers[0].a).filter((_, i) => i % (model.layers[0].shape[1] ?? 1) === 0);
  const [says, should] = [snapshot.prediction[0], snapshot.target[0]];
  const [low, high] = [Math.min(...x, says, should), Math.max(...x, says, should)];
  const box = { left: 40, right: width - 16, top: 14, bottom: height - 58 };
  const px = (step) => box.left + ((box.right - box.left) * step) / x.length;
  const py = (v) => box.bottom - ((box.bottom - box.top) * (v - low)) / Math.max(1e-9, high - low);
  drawScale(ctx, { low, high, py, box }, { theme, format });
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1.8;
  ctx.beginPath();
  x.forEach((v, step) => ctx.lineTo(px(step), py(v)));
  ctx.stroke();
  ctx.setLineDash([4, 4]);
  ctx.strokeStyle = theme.positive;
  line(ctx, px(x.length - 1), py(x.at(-1)), px(x.length), py(says));
  ctx.setLineDash([]);
  ctx.strokeStyle = theme.fall;
  line(ctx, px(x.length), py(says), px(x.length), py(should));
  ring(ctx, px(x.length), py(should), theme);
  ctx.fillStyle = theme.positive;
  ctx.beginPath();
  ctx.arc(px(x.length), py(says), 4, 0, 2 * Math.PI);
  ctx.fill();
  ctx.font = `12px ${theme.font}`;
  ctx.textAlign = "left";
  text(ctx, `● ${say("answer_says")} ${format.short(says)}`, box.left, height - 30, theme.positive, 1);
  text(ctx, `○ ${say("answer_target")} ${format.short(should)}`, box.left, height - 12, theme.ink, 1);
}

function drawScale(ctx, { low, high, py, box }, { theme, format }) {
  ctx.font = `11px ${theme.font}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  for (const v of [low, (low + high) / 2, high]) {
    line(ctx, box.left, py(v), box.right, py(v));
    text(ctx, format.short(v), box.left - 6, py(v), theme.soft, 1);
  }
}

function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function ring(ctx, x, y, theme) {
  ctx.beginPath();
  ctx.arc(x, y, 5, 0, 2 * Math.PI);
  ctx.fillStyle = theme.paper;
  ctx.fill();
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1.6;
  ctx.stroke();
}

function text(ctx, words, x, y, colour, alpha, room) {
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y, room);
  ctx.globalAlpha = 1;
}

/** Place of the largest of `count` numbers from `first` on. */
export function best(values, first, count) {
  let at = 0;
  for (let i = 1; i < count; i += 1) if (values[first + i] > values[first + at]) at = i;
  return at;
}
