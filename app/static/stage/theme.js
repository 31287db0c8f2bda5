/** Colours and type, from Streamlit's own variables: one palette for a light page, one for a dark. */

/**
 * @typedef {{dark: boolean, ink: string, paper: string, font: string, soft: string, faint: string, line: string,
 *   ground: string,
 *   positive: string, negative: string, rise: string, fall: string, train: string, test: string, classes: string[],
 *   ramp: Uint32Array, points: Uint32Array,
 *   rgb: {paper: number[], classes: number[][]}}} Theme
 * positive and negative: signs of what runs forward; rise and fall: signs of gradients, which run back
 */

const LIGHT = {
  positive: "#0877bd", negative: "#d4700a", rise: "#7b4cc9", fall: "#d1366f",
  test: "#0a8a9e",
  map: { positive: "#0877bd", negative: "#f59322", strength: 0.66 },
  classes: ["#e07b12", "#0877bd", "#2a9461", "#8a4fc7", "#d1366f", "#0a95ad", "#9a7b4f", "#c93a31", "#5c6bc0", "#6b8e23"],
};
const DARK = {
  positive: "#4fb0f0", negative: "#f7a04b", rise: "#b596f5", fall: "#ff85ad",
  test: "#4ccbe0",
  map: { positive: "#2f9be6", negative: "#f08c24", strength: 0.6 },
  classes: ["#f7a04b", "#4fb0f0", "#4cc38a", "#b596f5", "#ff85ad", "#4ccbe0", "#d0b284", "#ff8277", "#9aa5f0", "#a8c84f"],
};
const SHARED = ["positive", "negative", "rise", "fall", "train", "test", "soft", "faint", "line", "ground"];
/** Samples of the ramp from -1 to 1. */
export const RAMP = 256;

/** @param {Element} element  inside the component @returns {Theme} */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const paper = parseColour(read("--st-background-color", "#ffffff"));
  const ink = parseColour(read("--st-text-color", "#31333f"));
  const dark = luminance(paper) < luminance(ink);
  const palette = dark ? DARK : LIGHT;
  return {
    dark, ...palette,
    ink: css(ink), train: css(ink), paper: css(paper),
    soft: css(mix(paper, ink, 0.68)), faint: css(mix(paper, ink, 0.3)), line: css(mix(paper, ink, 0.14)),
    ground: css(mix(paper, ink, 0.04)),
    font: read("--st-font", "sans-serif"),
    ramp: makeRamp(paper, palette.map), points: makeRamp(paper, { ...palette, strength: 1 }),
    rgb: { paper, classes: palette.classes.map(parseColour) },
  };
}

/** Pixels from the negative colour over the page's own to the positive one. */
export function makeRamp(paper, { positive, negative, strength }) {
  const [up, down] = [parseColour(positive), parseColour(negative)];
  return Uint32Array.from({ length: RAMP }, (_, i) => {
    const v = (2 * i) / (RAMP - 1) - 1;
    return pixel(mix(paper, v > 0 ? up : down, strength * Math.abs(v)));
  });
}

/** @param {number[]} rgb 0..255 @returns {number} as an ImageData's Uint32 has it (little endian) */
export function pixel([r, g, b]) {
  return (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
}

/** "#rgb", "#rrggbb" or "rgb(r, g, b)". @returns {number[]} */
export function parseColour(text) {
  const hex = /^#([0-9a-f]{6}|[0-9a-f]{3})/i.exec(text)?.[1];
  if (hex) return (hex.length === 3 ? [...hex].map((c) => c + c) : hex.match(/../g)).map((c) => parseInt(c, 16));
  const numbers = text.match(/[\d.]+/g);
  if (!numbers || numbers.length < 3) throw new Error(`invalid colour: ${text}`);
  return numbers.slice(0, 3).map(Number);
}

export function mix(a, b, share) {
  return a.map((x, i) => x + share * (b[i] - x));
}

function css(rgb) {
  return `rgb(${rgb.map(Math.round).join(", ")})`;
}

/** WCAG relative luminance. */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v <= 10.31475 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The palettes, for tests of contrast. */
export const PALETTES = { light: LIGHT, dark: DARK };

/** The colours that the style sheet needs. @param {HTMLElement} root @param {Theme} theme */
export function putTheme(root, theme) {
  root.dataset.theme = theme.dark ? "dark" : "light";
  for (const name of SHARED) root.style.setProperty(`--${name}`, theme[name]);
}

/** @param {Theme} theme @param {Theme|undefined} other */
export function sameTheme(theme, other) {
  return SHARED.every((name) => theme[name] === other?.[name]) && theme.paper === other.paper && theme.font === other.font;
}

/** The ramp as CSS colours, for marks that are filled rather than painted pixel by pixel. @param {Theme} theme */
export function rampColours({ ramp }) {
  return Array.from(ramp, (p) => `rgb(${p & 255}, ${(p >> 8) & 255}, ${(p >> 16) & 255})`);
}
