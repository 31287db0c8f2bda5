/**
 * What moves over the surface, on a canvas of its own: the path so far,
 * the network as a ball at its true loss with a stem
 * down to the drawn surface, the way down and the next step, other optimisers, and the place that is pointed at.
 *
 * @typedef {{a: number, b: number, height: number}} Place  height: of the true loss, as it is drawn
 * @typedef {{trail: Place[], spot: Place|null, colour: string, shape: string, label: string}} Runner
 * @typedef {{runners: Runner[], arrow: {a: number, b: number}|null, step: {a: number, b: number, times: number}|null,
 *   target: {a: number, b: number}|null, heightAt: (a: number, b: number) => number, theme: object}} Marks
 *   arrow: a way in the plane; step: the next update, drawn so many times as long
 */

const BALL = 6.5;
const HEAD = 7;

/** @param {CanvasRenderingContext2D} ctx @param {import("./plotView.js").PlotView} view @param {Marks} marks */
export function drawMarks(ctx, view, marks) {
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  for (const runner of [...marks.runners].reverse()) drawTrail(ctx, view, runner, marks.theme);
  const [own] = marks.runners;
  if (own?.spot) {
    if (marks.step) drawStep(ctx, view, own.spot, marks);
    if (marks.arrow) drawArrow(ctx, view, own.spot, marks);
  }
  for (const runner of [...marks.runners].reverse()) if (runner.spot) drawBall(ctx, view, runner, marks);
  if (marks.target) drawTarget(ctx, view, marks);
}

/** Bright where it is seen, faint where the surface stands before it. */
function drawTrail(ctx, view, { trail, colour }, theme) {
  const pixels = trail.map(({ a, b, height }) => ({ at: view.place(a, b, height), hidden: view.hides(a, b, height) }));
  stroke(ctx, pixels, theme.paper, 4.2, 0.7, 0.1);
  stroke(ctx, pixels, colour, 2.2, 1, 0.3);
}

function stroke(ctx, pixels, colour, width, seen, unseen) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  for (const hidden of [true, false]) {
    ctx.globalAlpha = hidden ? unseen : seen;
    ctx.beginPath();
    for (let i = 1; i < pixels.length; i += 1) {
      if (pixels[i].hidden !== hidden) continue;
      if (i === 1 || pixels[i - 1].hidden !== hidden) ctx.moveTo(...pixels[i - 1].at);
      ctx.lineTo(...pixels[i].at);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function drawBall(ctx, view, { spot, colour, shape, label }, { heightAt, theme }) {
  const [x, y] = view.place(spot.a, spot.b, spot.height);
  const ground = heightAt(spot.a, spot.b);
  if (Number.isFinite(ground)) drawStem(ctx, [x, y], view.place(spot.a, spot.b, ground), colour);
  ctx.globalAlpha = view.hides(spot.a, spot.b, spot.height) ? 0.45 : 1;
  ctx.fillStyle = colour;
  ctx.strokeStyle = theme.paper;
  ctx.lineWidth = 2;
  outline(ctx, shape, x, y, BALL);
  ctx.fill();
  ctx.stroke();
  if (label) drawLabel(ctx, label, x + BALL + 5, y, theme);
  ctx.globalAlpha = 1;
}

/** From the true loss to the drawn surface: where it is long, the picture misleads. */
function drawStem(ctx, from, to, colour) {
  if (Math.hypot(from[0] - to[0], from[1] - to[1]) < 3) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.6;
  ctx.setLineDash([3, 3]);
  line(ctx, from, to);
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.ellipse(...to, 6, 3.4, 0, 0, 2 * Math.PI);
  ctx.stroke();
}

/** The name beside a racer's mark, on a ground that keeps it legible. */
function drawLabel(ctx, text, x, y, theme) {
  ctx.font = `600 11px ${theme.font}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.lineWidth = 3.5;
  ctx.strokeStyle = theme.paper;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = theme.ink;
  ctx.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} ctx */
export function outline(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === "circle") ctx.arc(x, y, r, 0, 2 * Math.PI);
  else polygon(ctx, x, y, CORNERS[shape].map(([u, v]) => [u * r, v * r]));
}

const CORNERS = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  triangle: [[0, -1.15], [1.05, 0.8], [-1.05, 0.8]],
  diamond: [[0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]],
  cross: [[-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4], [0.4, 1.1], [-0.4, 1.1],
    [-0.4, 0.4],
    [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4]],
};

function polygon(ctx, x, y, corners) {
  for (const [u, v] of corners) ctx.lineTo(x + u, y + v);
  ctx.closePath();
}

function drawArrow(ctx, view, spot, { arrow, heightAt, theme }) {
  pointer(ctx, view.place(spot.a, spot.b, spot.height), tip(view, spot, arrow, heightAt), { colour: theme.ink,
    dash: [] });
}

function drawStep(ctx, view, spot, { step, heightAt, theme }) {
  const from = view.place(spot.a, spot.b, spot.height);
  pointer(ctx, from, tip(view, spot, step, heightAt), { colour: theme.test, dash: [5, 3] });
}

/** Where a way that starts at the network ends: on the surface if it has one there, else level. */
function tip(view, spot, way, heightAt) {
  const [a, b] = [spot.a + way.a, spot.b + way.b];
  const ground = heightAt(a, b);
  const here = heightAt(spot.a, spot.b);
  const rise = Number.isFinite(ground) && Number.isFinite(here) ? ground - here : 0;
  return view.place(a, b, spot.height + rise);
}

function pointer(ctx, from, to, { colour, dash }) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  if (!(Math.hypot(to[0] - from[0], to[1] - from[1]) > 4)) return;
  for (const [style, width] of [["rgb(255 255 255 / 75%)", 4.5], [colour, 2.2]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    line(ctx, from, to);
    ctx.setLineDash([]);
    for (const side of [-1, 1]) {
      line(ctx, to, [to[0] - HEAD * Math.cos(angle + 0.5 * side), to[1] - HEAD * Math.sin(angle + 0.5 * side)]);
    }
  }
}

/** A cross in a ring: where the network would be put. */
function drawTarget(ctx, view, { target, heightAt, theme }) {
  const ground = heightAt(target.a, target.b);
  if (Number.isNaN(ground)) return;
  const [x, y] = view.place(target.a, target.b, ground);
  for (const [colour, width] of [[theme.paper, 4], [theme.ink, 1.6]]) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.arc(x, y, 8, 0, 2 * Math.PI);
    ctx.stroke();
    line(ctx, [x - 12, y], [x + 12, y]);
    line(ctx, [x, y - 12], [x, y + 12]);
  }
}

function line(ctx, from, to) {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
