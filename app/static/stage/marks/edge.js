/** An edge: width is the weight's size, tone and dashes its sign. Its halo and ghost tell how an update moves it. */

const DASH = [7, 4];
const SOLID = [];

/** @param {CanvasRenderingContext2D} ctx */
export function drawEdge(ctx, { link, width, tone, alpha, dashed }, { theme }) {
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = theme[tone];
  ctx.lineWidth = width;
  ctx.setLineDash(dashed ? DASH : SOLID);
  ctx.stroke(pathOf(link));
}

export function drawHalo(ctx, { link, width, tone, alpha }, { theme }) {
  ctx.setLineDash(SOLID);
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = theme[tone];
  ctx.lineWidth = width;
  ctx.stroke(pathOf(link));
}

export function drawGhost(ctx, { link, width, alpha }, { theme }) {
  ctx.setLineDash(SOLID);
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = theme.paper;
  ctx.lineWidth = width;
  ctx.stroke(pathOf(link));
}

/** The link's path, made once. @param {import("../links.js").Link} link */
function pathOf(link) {
  if (!link.path) {
    const { x0, y0, x1, y1, x2, y2, x3, y3 } = link.curve;
    link.path = new Path2D();
    link.path.moveTo(x0, y0);
    link.path.bezierCurveTo(x1, y1, x2, y2, x3, y3);
  }
  return link.path;
}
