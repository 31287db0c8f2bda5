/**
 * The figure that Plotly is given: a mesh or contours over a plane,
 * a curve over a line. A mesh of the very triangles and not
 * Plotly's "surface", which draws no fewer than 128 x 128 squares: without a GPU that turns at 10 pictures a second,
 * this at
 * 35. Pure.
 *
 * @typedef {import("./heights.js").Heights} Heights
 * @typedef {{theme: import("../theme.js").Theme, format: object, titles: [string, string, string],
 *   software: boolean}} Style  software: drawn without a GPU
 */

import { ticks } from "../scales.js";
import { lossOf } from "./heights.js";
import { brokenColours, colourScale } from "./palette.js";

const QUIET = { hoverinfo: "skip", showscale: false, showlegend: false };
/** Grid lines on the mesh, each way. */
const LINES = 12;
/** Where the eye stands at first. */
export const HOME = { eye: { x: 1.15, y: -1.5, z: 0.95 }, center: { x: 0, y: 0, z: -0.12 }, up: { x: 0, y: 0, z: 1 } };
const LIGHTING = { ambient: 0.72, diffuse: 0.5, specular: 0.04, roughness: 0.9, fresnel: 0.02 };

/**
 * @param {Heights} heights
 * @param {"scene"|"contour"} drawing
 * @param {Style} style
 * @param {boolean} bare  axes only: what shakes is drawn elsewhere (sheet.js)
 */
export function makeFigure(heights, drawing, style, bare = false) {
  const figure = heights.rows === 1 ? lineFigure(heights, style)
    : drawing === "scene" ? sceneFigure(heights, style) : contourFigure(heights, style);
  return bare ? { ...figure, data: [nothing(heights, figure.data[0].type)] } : figure;
}

/** A trace that keeps the axes and shows nothing. */
function nothing({ a, b, low }, type) {
  const flat = { mode: "markers", x: ends(a), y: ends(b), marker: { opacity: 0, size: 1 }, ...QUIET };
  return type === "mesh3d" ? { type: "scatter3d", ...flat, z: [low, low] } : { type: "scatter", ...flat };
}

function sceneFigure(heights, style) {
  const { theme, titles } = style;
  const axis = (title, more) => ({
    title: { text: title, font: { size: 12 } }, color: theme.soft, gridcolor: theme.line, showbackground: false,
    zeroline: false, showspikes: false, tickfont: { size: 10 }, ...more,
  });
  return {
    data: [mesh(heights, theme), brokenMesh(heights, theme), ...(style.software ? [] : [grid(heights, theme)])],
    layout: {
      ...frame(style, { l: 0, r: 0, t: 0, b: 0 }),
      scene: {
        uirevision: "camera", hovermode: false, dragmode: "turntable", aspectmode: "manual",
        aspectratio: { x: 1.25, y: 1.25, z: 0.78 }, camera: HOME,
        xaxis: axis(titles[0], { range: ends(heights.a), nticks: 6 }),
        yaxis: axis(titles[1], { range: ends(heights.b), nticks: 6 }),
        zaxis: axis(titles[2], { range: heightRange(heights), ...heightTicks(heights, style) }),
      },
    },
  };
}

function frame({ theme }, margin) {
  return { margin, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: theme.font,
    color: theme.soft },
    showlegend: false, autosize: true };
}

const ends = (axis) => [axis[0], axis.at(-1)];

/** @param {Heights} heights */
export function heightRange({ low, top }) {
  return [low - 0.03 * (top - low), top + 0.04 * (top - low)];
}

/** Round losses, or powers of ten with their halves, wherever they are drawn. */
function heightTicks(heights, { format }) {
  const { low, top, scale } = heights;
  const whole = scale === "log" && top - low >= 1.6;
  const at = scale === "linear" ? ticks(low, top, 5) : logTicks(low, top, whole);
  return { tickvals: at, ticktext: at.map((height) => format.axis(lossOf(heights, height))) };
}

function logTicks(low, top, whole) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(top); power += 1) {
    for (const digit of whole ? [1] : [1, 2, 5]) found.push(power + Math.log10(digit));
  }
  return found.filter((height) => height >= low && height <= top);
}

/** Corners of the drawn triangles: those whose three losses are finite, or those that have one that is not. */
function triangles({ rows, columns, broken }, wanted) {
  const [i, j, k] = [[], [], []];
  const add = (p, q, r) => {
    if (Boolean(broken[p] || broken[q] || broken[r]) !== wanted) return;
    i.push(p);
    j.push(q);
    k.push(r);
  };
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < columns - 1; column += 1) {
      const p = row * columns + column;
      add(p, p + 1, p + columns);
      add(p + 1, p + columns + 1, p + columns);
    }
  }
  return { i, j, k };
}

function vertices({ a, b, values }) {
  const x = [];
  const y = [];
  for (const row of b) {
    for (const column of a) {
      x.push(column);
      y.push(row);
    }
  }
  return { x, y, z: values };
}

function mesh(heights, { dark }) {
  return {
    type: "mesh3d", ...vertices(heights), ...triangles(heights, false), ...QUIET, intensity: heights.values,
    cmin: heights.low, cmax: heights.top, colorscale: colourScale(dark), lighting: LIGHTING, flatshading: false,
    lightposition: { x: 2000, y: -4000, z: 6000 },
  };
}

function brokenMesh(heights, { dark }) {
  const corners = triangles(heights, true);
  const colours = brokenColours(dark);
  const facecolor = corners.i.map((p) => colours[(Math.floor(p / heights.columns) + (p % heights.columns)) % 2]);
  return { type: "mesh3d", ...vertices(heights), ...corners, ...QUIET, facecolor, flatshading: true };
}

/** Lines along both axes, a hair above the mesh. Without a GPU they cost as much as the mesh itself, and are left out. */
function grid(heights, { ink }) {
  const { a, b, rows, columns, values, broken, low, top } = heights;
  const lines = { x: [], y: [], z: [] };
  const put = (row, column) => {
    const at = row * columns + column;
    lines.x.push(a[column]);
    lines.y.push(b[row]);
    lines.z.push(broken[at] ? null : values[at] + 0.004 * (top - low));
  };
  const end = () => [lines.x, lines.y, lines.z].forEach((list) => list.push(null));
  const some = (count) => [...Array(count).keys()].filter((n) => n % Math.max(1,
    Math.round((count - 1) / LINES)) === 0);
  for (const row of some(rows)) {
    for (let column = 0; column < columns; column += 1) put(row, column);
    end();
  }
  for (const column of some(columns)) {
    for (let row = 0; row < rows; row += 1) put(row, column);
    end();
  }
  return { type: "scatter3d", mode: "lines", ...lines, ...QUIET, line: { color: ink, width: 1 }, opacity: 0.22,
    connectgaps: false };
}

function contourFigure(heights, style) {
  const { columns, rows, values, broken, low, top } = heights;
  const table = (of) => Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) =>
    of(row * columns + column, row, column)));
  const { dark, paper } = style.theme;
  const [even, odd] = brokenColours(dark);
  const over = { x: heights.a, y: heights.b, ...QUIET };
  return {
    data: [
      { type: "heatmap", ...over, z: table((at, row, column) => (broken[at] ? (row + column) % 2 : null)), zmin: 0,
        zmax: 1,
        colorscale: [[0, even], [1, odd]], zsmooth: false },
      { type: "contour", ...over, z: table((at) => (broken[at] ? null : values[at])), zmin: low, zmax: top,
        connectgaps: false,
        colorscale: colourScale(dark), contours: { coloring: "heatmap", start: low, end: top, size: (top - low) / 16 },
        line: { width: 0.8, color: paper }, autocontour: false },
    ],
    layout: { ...frame(style, { l: 46, r: 8, t: 8, b: 38 }), ...flatAxes(heights, style, ends(heights.b), {}) },
  };
}

function flatAxes(heights, { theme, titles }, yRange, more) {
  const axis = (title, range) => ({
    title: { text: title, font: { size: 12 }, standoff: 6 }, range, color: theme.soft, gridcolor: theme.line,
      zeroline: false,
    tickfont: { size: 10 }, ticks: "", fixedrange: false,
  });
  return { dragmode: "pan", hovermode: false, uirevision: "view", xaxis: axis(titles[0], ends(heights.a)),
    yaxis: { ...axis(titles[1], yRange), ...more } };
}

function lineFigure(heights, style) {
  const { a, values, broken } = heights;
  const { theme, titles } = style;
  const y = Array.from(values, (height, i) => (broken[i] ? null : height));
  const titled = { ...style, titles: [titles[0], titles[2]] };
  return {
    data: [{ type: "scatter", mode: "lines", x: a, y, ...QUIET, connectgaps: false, line: { color: theme.positive,
      width: 2.5 } }],
    layout: {
      ...frame(style, { l: 52, r: 8, t: 8, b: 38 }),
      ...flatAxes(heights, titled, heightRange(heights), heightTicks(heights, style)), shapes: brokenBands(heights,
        theme),
    },
  };
}

function brokenBands({ a, broken }, { dark }) {
  const half = (a[1] - a[0]) / 2;
  const [fillcolor] = brokenColours(dark);
  return [...a].flatMap((x, i) => (broken[i] ? [{ type: "rect", yref: "paper", x0: x - half, x1: x + half, y0: 0,
    y1: 1, fillcolor,
    opacity: 0.6, line: { width: 0 } }] : []));
}
