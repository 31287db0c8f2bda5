/** Examples on the plane. Classes differ by shape as well as colour; test examples are hollow. */

const TURN = 2 * Math.PI;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number[][]} points  [[x, y, label], ...]
 * @param {{place: Function, classOf: (label: number) => number, colourOf: (label: number) => string, theme: object,
 *   hollow?: boolean, size?: number, outline?: string}} options
 */
export function drawPoints(ctx, points, { place, classOf, colourOf, theme, hollow = false, size = 3.3,
  outline = theme.paper }) {
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  for (const [x, y, label] of points) {
    const [px, py] = place(x, y);
    ctx.beginPath();
    shape(ctx, classOf(label), px, py, hollow ? size - 0.4 : size);
    ctx.fillStyle = hollow ? theme.paper : colourOf(label);
    ctx.fill();
    ctx.strokeStyle = hollow ? colourOf(label) : outline;
    ctx.lineWidth = hollow ? 1.5 : 1;
    ctx.stroke();
  }
}

/** Square, disc, triangle, diamond, and round again. */
function shape(ctx, index, x, y, r) {
  const kind = index % 4;
  if (kind === 1) ctx.arc(x, y, r, 0, TURN);
  else if (kind === 0) ctx.rect(x - 0.87 * r, y - 0.87 * r, 1.74 * r, 1.74 * r);
  else if (kind === 2) polygon(ctx, x, y + 0.15 * r, 1.25 * r, 3);
  else polygon(ctx, x, y, 1.25 * r, 4);
}

function polygon(ctx, x, y, r, corners) {
  for (let i = 0; i < corners; i += 1) {
    const angle = (TURN * i) / corners - TURN / 4;
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.closePath();
}
