/**
 * One Plotly chart and the way between its data and the pixels over it. The chart is drawn when a surface comes;
 * what moves
 * with the film is drawn on a canvas above it,
 * because one redrawing of the chart costs more than a frame (measured without a
 * GPU: marks restyled in the chart 8 pictures a second, on the canvas 60).
 *
 * @typedef {import("./heights.js").Heights} Heights
 */

import { h } from "../dom.js";
import { Camera, isHidden, meet, multiply } from "./camera.js";
import { heightRange, HOME, makeFigure } from "./figure.js";
import { heightAt } from "./heights.js";
import { lendStyle } from "./plotly.js";

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: true, doubleClick: "reset", showTips: false };
/** A software renderer draws half the pixels. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/** Whether the browser can draw in 3-D, and whether it does so without a GPU. */
export function findGraphics(document) {
  const gl = document.createElement("canvas").getContext("webgl");
  if (!gl) return { scene: false, software: true };
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { scene: true, software: SOFTWARE.test(name) };
}

export class PlotView {
  /** @param {object} Plotly @param {HTMLElement} box @param {{software: boolean}} graphics */
  constructor(Plotly, box, graphics) {
    Object.assign(this, { Plotly, box, software: graphics.software });
    this.element = box.insertBefore(h("div", { class: "landscape-plot" }), box.firstChild);
    this.element.addEventListener("wheel", stayOnPage, { capture: true });
    this.drawing = null;
    this.busy = Promise.resolve();
  }

  /**
   * @param {Heights} heights
   * @param {"scene"|"contour"} drawing
   * @param {import("./figure.js").Style & {bare: boolean}} style  bare: axes only
   * @param {() => void} onMove  called when the person turns or zooms
   */
  show(heights, drawing, style, onMove) {
    const kind = heights.rows === 1 ? "line" : drawing;
    const { data, layout } = makeFigure(heights, drawing, style, style.bare);
    const config = { ...CONFIG, plotGlPixelRatio: this.software ? 1 : Math.min(2, devicePixelRatio || 1) };
    this.busy = this.busy.then(async () => {
      if (this.closed) return;
      if (this.drawing !== null && kind !== this.drawing) this.Plotly.purge(this.element);
      await this.Plotly.react(this.element, data, layout, config);
      if (this.drawing === null) lendStyle(this.element.getRootNode());
      if (kind !== this.drawing) this.listen(onMove);
      Object.assign(this, { drawing: kind, heights, camera: null });
      onMove();
    });
    return this.busy;
  }

  listen(onMove) {
    for (const event of ["plotly_relayouting", "plotly_relayout"]) this.element.on(event, onMove);
  }

  resize() {
    if (this.drawing) this.busy = this.busy.then(() => !this.closed && this.Plotly.Plots.resize(this.element)).catch(() => {});
    return this.busy;
  }

  /** To be called once before a picture's marks are placed. */
  look() {
    const layout = this.element._fullLayout;
    if (!layout || !this.drawing) return false;
    this.camera = this.drawing === "scene" ? sceneCamera(layout.scene) : null;
    this.eye = this.camera?.eye;
    this.axes = this.drawing === "scene" ? null : [layout.xaxis, layout.yaxis];
    return this.drawing !== "scene" || this.camera !== null;
  }

  /** The pixel of a point of the plane at a height. @returns {[number, number]} */
  place(a, b, height) {
    if (this.camera) return this.camera.place([a, b, height]);
    const [x, y] = this.axes;
    return [x._offset + x.l2p(a), y._offset + y.l2p(this.drawing === "line" ? height : b)];
  }

  /** Whether the surface hides a point of the scene. */
  hides(a, b, height) {
    if (!this.camera) return false;
    const { low, top } = this.heights;
    return isHidden([a, b, height], this.eye, (x, y) => heightAt(this.heights, x, y), 0.012 * (top - low));
  }

  /** The point of the surface under a pixel. @returns {{a: number, b: number}|null} */
  pick(px, py) {
    if (!this.look()) return null;
    if (!this.camera) {
      const [x, y] = this.axes;
      const [a, b] = [x.p2l(px - x._offset), this.drawing === "line" ? 0 : y.p2l(py - y._offset)];
      return Number.isNaN(heightAt(this.heights, a, b)) ? null : { a, b };
    }
    const hit = meet(this.camera.ray(px, py), (a, b) => heightAt(this.heights, a, b), heightRange(this.heights));
    return hit && { a: hit[0], b: hit[1] };
  }

  /** Turns a scene about its axis or tilts it, by degrees. */
  turn(around, up) {
    const eye = this.eyeNow();
    const radius = Math.hypot(eye.x, eye.y, eye.z);
    const azimuth = Math.atan2(eye.y, eye.x) + (around * Math.PI) / 180;
    const height = Math.min(1.45, Math.max(-0.2, Math.asin(eye.z / radius) + (up * Math.PI) / 180));
    return this.moveEye({ x: radius * Math.cos(height) * Math.cos(azimuth),
      y: radius * Math.cos(height) * Math.sin(azimuth),
      z: radius * Math.sin(height) });
  }

  /** Comes nearer (below 1) or goes away. */
  zoom(factor) {
    if (this.drawing === "scene") {
      const { x, y, z } = this.eyeNow();
      return this.moveEye({ x: factor * x, y: factor * y, z: factor * z });
    }
    const { xaxis, yaxis } = this.element._fullLayout;
    const range = ({ range: [from, to] }) => [0.5, -0.5].map((side) => (from + to) / 2 - factor * side * (to - from));
    return this.Plotly.relayout(this.element, { "xaxis.range": range(xaxis), "yaxis.range": range(yaxis) });
  }

  /** As it was drawn first. */
  reset() {
    if (this.drawing === "scene") return this.Plotly.relayout(this.element, { "scene.camera": HOME });
    const { a, b } = this.heights;
    const y = this.drawing === "line" ? heightRange(this.heights) : [b[0], b.at(-1)];
    return this.Plotly.relayout(this.element, { "xaxis.range": [a[0], a.at(-1)], "yaxis.range": y });
  }

  eyeNow() {
    return this.element._fullLayout.scene._scene.getCamera().eye;
  }

  moveEye(eye) {
    return this.Plotly.relayout(this.element, { "scene.camera.eye": eye });
  }

  close() {
    this.closed = true;
    this.Plotly.purge(this.element);
    this.element.remove();
  }
}

/** Plotly's own matrices: the same that it draws with. */
function sceneCamera({ _scene: scene }) {
  if (!scene?.glplot?.cameraParams?.view) return null;
  const { projection, view, model } = scene.glplot.cameraParams;
  const [sx, sy, sz] = scene.dataScale;
  const scale = [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, sz, 0, 0, 0, 0, 1];
  const { offsetLeft: left, offsetTop: top, clientWidth: width, clientHeight: height } = scene.container;
  return new Camera(multiply(projection, multiply(view, multiply(model, scale))), { left, top, width, height });
}

/** The wheel scrolls the page; with Ctrl or Command it zooms, as on maps. */
function stayOnPage(event) {
  if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
}
