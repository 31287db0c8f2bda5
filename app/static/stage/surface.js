/** A canvas that fits its box at the screen's own sharpness. */

const MAX_SCALE = 2;

/** @param {HTMLCanvasElement} canvas */
export function createSurface(canvas) {
  const ctx = canvas.getContext("2d");
  const surface = { canvas, ctx, width: 0, height: 0, scale: 1, fit };

  /** @returns {boolean} whether the size changed, which clears the canvas */
  function fit(width, height) {
    const scale = Math.min(MAX_SCALE, globalThis.devicePixelRatio || 1);
    if (width === surface.width && height === surface.height && scale === surface.scale) return false;
    Object.assign(surface, { width, height, scale });
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    return true;
  }
  return surface;
}
