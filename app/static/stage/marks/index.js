/** Draws a scene: marks in order, faces of units inside their rounded tiles. */

import { drawAnswer } from "./answer.js";
import { drawEdge, drawGhost, drawHalo } from "./edge.js";
import { drawDrop, drawPulse } from "./pulse.js";
import { cornerOf, drawFace, drawFrame } from "./unit.js";
import { drawWedge } from "./wedge.js";

const DRAW = { edge: drawEdge, halo: drawHalo, ghost: drawGhost, pulse: drawPulse, drop: drawDrop, wedge: drawWedge, answer: drawAnswer };

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {object[]} marks
 * @param {object} tools  theme, maps, format, say, colours (the ramp as CSS), tiles (one path of all tiles)
 */
export function drawScene(ctx, marks, tools) {
  const units = marks.filter(({ kind }) => kind === "unit");
  for (const mark of marks) if (mark.kind in DRAW && mark.kind !== "answer") DRAW[mark.kind](ctx, mark, tools);
  ctx.globalAlpha = 1;
  ctx.fillStyle = tools.theme.paper;
  ctx.fill(tools.tiles);
  ctx.save();
  ctx.clip(tools.tiles);
  for (const mark of units) drawFace(ctx, mark, tools);
  ctx.restore();
  for (const mark of units) drawFrame(ctx, mark, tools);
  for (const mark of marks) if (mark.kind === "answer") drawAnswer(ctx, mark, tools);
  ctx.globalAlpha = 1;
}

/** One path of all tiles. @param {import("../layout/dense.js").Box[]} boxes */
export function tilePath(boxes) {
  const path = new Path2D();
  for (const box of boxes) path.roundRect(box.x, box.y, box.w, box.h, cornerOf(box.w));
  return path;
}
