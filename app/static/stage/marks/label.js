/** The name of an input, beside its tile or above it. */

/** @param {CanvasRenderingContext2D} ctx */
export function drawLabel(ctx, { box, text, side, room }, { theme }) {
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.soft;
  ctx.font = `${side === "left" ? 12 : 10}px ${theme.font}`;
  ctx.textAlign = side === "left" ? "right" : "center";
  ctx.textBaseline = side === "left" ? "middle" : "bottom";
  const [x, y] = side === "left" ? [box.x - 7, box.y + box.h / 2] : [box.x + box.w / 2, box.y - 2];
  ctx.fillText(text, x, y, room);
}
