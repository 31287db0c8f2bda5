/** Colours of the surface: low is deep and calm, high is light on a light page and dark on a dark one. */

const LIGHT = ["#1d4e89", "#2c7da0", "#61a5a8", "#a9cfa4", "#e9e3b4", "#f6efdc"];
const DARK = ["#66c2e8", "#3f93c4", "#3a6f9f", "#3d5378", "#423f58", "#4a3b45"];

/** @param {boolean} dark @returns {[number, string][]} a colour scale as Plotly takes it */
export function colourScale(dark) {
  const colours = dark ? DARK : LIGHT;
  return colours.map((colour, i) => [i / (colours.length - 1), colour]);
}

/** Two greys, chequered, for places where the loss is no number. */
export function brokenColours(dark) {
  return dark ? ["#6d6d72", "#4a4a50"] : ["#b9b9bd", "#8d8d93"];
}

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross"];

/** A racer's colour and shape: the film's own network is the first. */
export function racerStyle(theme, index) {
  const colours = [theme.fall, theme.classes[0], theme.rise, theme.test, theme.classes[2]];
  return { colour: colours[index % colours.length], shape: SHAPES[index % SHAPES.length] };
}
