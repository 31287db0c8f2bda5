/** The lens: from the unit whose map is shown to the big map at the right edge. */

/** @param {CanvasRenderingContext2D} ctx */
export function drawWedge(ctx, { box, right, top, bottom }, { theme }) {
  const x = box.x + box.w;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x, box.y);
  ctx.bezierCurveTo(x + 0.55 * (right - x), box.y, right - 0.35 * (right - x), top + 1, right, top + 1);
  ctx.lineTo(right, bottom - 1);
  ctx.bezierCurveTo(right - 0.35 * (right - x), bottom - 1, x + 0.55 * (right - x), box.y + box.h, x, box.y + box.h);
  ctx.closePath();
  const fade = ctx.createLinearGradient(x, 0, right, 0);
  fade.addColorStop(0, theme.ground);
  fade.addColorStop(1, theme.line);
  ctx.globalAlpha = 0.6;
  ctx.fillStyle = fade;
  ctx.fill();
}
