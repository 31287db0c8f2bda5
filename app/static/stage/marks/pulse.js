/** What travels along an edge: a solid drop with a tail runs forward, a hollow ring runs back. */

const TURN = 2 * Math.PI;

/** @param {CanvasRenderingContext2D} ctx */
export function drawPulse(ctx, { x, y, tail, radius, tone, hollow, alpha }, { theme }) {
  ctx.setLineDash([]);
  ctx.globalAlpha = 0.4 * alpha;
  ctx.strokeStyle = theme[tone];
  ctx.lineWidth = hollow ? 1.5 : 1.2 * radius;
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(x, y);
  for (const [tx, ty] of tail) ctx.lineTo(tx, ty);
  ctx.stroke();
  ctx.lineCap = "butt";
  drawDrop(ctx, { x, y, radius, tone, hollow, alpha }, { theme });
}

export function drawDrop(ctx, { x, y, radius, tone, hollow, alpha }, { theme }) {
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  ctx.arc(x, y, hollow ? radius + 0.6 : radius, 0, TURN);
  ctx.fillStyle = hollow ? theme.paper : theme[tone];
  ctx.fill();
  if (!hollow) return;
  ctx.setLineDash([]);
  ctx.strokeStyle = theme[tone];
  ctx.lineWidth = 1.7;
  ctx.stroke();
}
