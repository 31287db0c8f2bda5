/** Draws a scene: marks in order, edges below units, units below words. */

import { drawAnswer } from "./answer.js";
import { drawEdge, drawGhost, drawHalo } from "./edge.js";
import { drawLabel } from "./label.js";
import { drawPulse, drawStream } from "./pulse.js";
import { cornerOf, drawFace, drawFrame } from "./unit.js";
import { drawWedge } from "./wedge.js";

const DRAW = { edge: drawEdge, halo: drawHalo, ghost: drawGhost, pulse: drawPulse, stream: drawStream, wedge: drawWedge,
  answer: drawAnswer, label: drawLabel };

const EDGES = ["halo", "ghost", "edge"];
const TRAVELLERS = ["pulse", "stream"];
const WORDS = ["answer", "label"];

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {object[]} marks
 * @param {object} tools  theme, tiles, responses, format, say, colours (the ramp as CSS), outline (one path of all tiles),
 *   edges (how to draw them: at once, or on a layer that is kept)
 */
export function drawScene(ctx, marks, tools) {
  const units = marks.filter(({ kind }) => kind === "unit");
  drawKinds(ctx, marks, ["wedge"], tools);
  tools.edges((target) => drawKinds(target, marks, EDGES, tools));
  drawKinds(ctx, marks, TRAVELLERS, tools);
  ctx.globalAlpha = 1;
  ctx.fillStyle = tools.theme.paper;
  ctx.fill(tools.outline);
  for (const mark of units) drawFace(ctx, mark, tools);
  drawOutlines(ctx, units, tools);
  if (units[0].face === "pixel") frameImage(ctx, units, tools.theme);
  for (const mark of units) drawFrame(ctx, mark, tools);
  drawKinds(ctx, marks, WORDS, tools);
  ctx.globalAlpha = 1;
}

function drawKinds(ctx, marks, kinds, tools) {
  for (const mark of marks) if (kinds.includes(mark.kind)) DRAW[mark.kind](ctx, mark, tools);
}

/** The quiet frame of every tile at once. */
function drawOutlines(ctx, units, { theme, outline }) {
  ctx.setLineDash([]);
  ctx.globalAlpha = units.some(({ alpha }) => alpha < 1) ? 0.4 : 1;
  ctx.strokeStyle = theme.faint;
  ctx.lineWidth = 1;
  ctx.stroke(outline);
}

/** A line around the pixels of an input image. */
function frameImage(ctx, units, theme) {
  const pixels = units.filter(({ face }) => face === "pixel").map(({ box }) => box);
  const [first, last] = [pixels[0], pixels.at(-1)];
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.faint;
  ctx.strokeRect(first.x - 1, first.y - 1, last.x + last.w - first.x + 2, last.y + last.h - first.y + 2);
}

/** One path of all tiles that are not pixels. @param {import("../layout/dense.js").Box[]} boxes */
export function tilePath(boxes) {
  const path = new Path2D();
  for (const box of boxes) path.roundRect(box.x, box.y, box.w, box.h, cornerOf(box.w));
  return path;
}
