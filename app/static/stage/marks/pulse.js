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
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  ctx.arc(x, y, hollow ? radius + 0.6 : radius, 0, TURN);
  paintDrops(ctx, tone, hollow, theme);
}

/** Many small drops of one tone, in one path. */
export function drawStream(ctx, { drops, tone, hollow, alpha }, { theme }) {
  ctx.setLineDash([]);
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  for (let i = 0; i < drops.length; i += 3) {
    ctx.moveTo(drops[i] + drops[i + 2], drops[i + 1]);
    ctx.arc(drops[i], drops[i + 1], drops[i + 2], 0, TURN);
  }
  paintDrops(ctx, tone, hollow, theme);
}

function paintDrops(ctx, tone, hollow, theme) {
  ctx.fillStyle = hollow ? theme.paper : theme[tone];
  ctx.fill();
  if (!hollow) return;
  ctx.strokeStyle = theme[tone];
  ctx.lineWidth = 1.6;
  ctx.stroke();
}
