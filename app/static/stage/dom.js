/** Small helpers for real DOM: nothing here ever parses HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Object<string, any>} props  `class`, `text`, `on<event>` functions, everything else an attribute (false: left out)
 * @param {...(Node|null)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.filter(Boolean));
  return element;
}

function setProp(element, name, value) {
  if (name === "text") element.textContent = value;
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value === true ? "" : value);
}

/** Writes only what changed: most frames change nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttr(element, name, value) {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

const ICONS = {
  play: "M8 5.2v13.6c0 .8.9 1.3 1.6.8l10-6.8c.6-.4.6-1.2 0-1.6l-10-6.8C8.9 3.9 8 4.4 8 5.200z",
  pause: "M7 5h3.600v14H7zM13.4 5H17v14h-3.600z",
  step: "M5 5.500v13l9.5-6.500zM16 5.500h2.800v13H16z",
  phase: "M8.5 8v8l6-4zM16.3 8h1.900v8h-1.900zM4.6 11h1.900v2H4.600z",
  back: "M19 5.500v13L9.5 12zM5.2 5.500H8v13H5.200z",
  restart: "M12 5a7 7 0 1 0 6.7 9h-2.200A5 5 0 1 1 12 7c1.4 0 2.6.6 3.5 1.500L13 11h6.500V4.500l-2.6 2.600A7 7 0 0 0 12 5z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  next: "M9 6l6 6-6 6-1.4-1.400L12.2 12 7.6 7.400z",
  close: "M6.400 5L12 10.600 17.600 5 19 6.400 13.400 12 19 17.600 17.600 19 12 13.400 6.400 19 5 17.600 10.600 12 5 6.400z",
  up: "M6 15l6-6 6 6-1.400 1.400L12 11.800l-4.600 4.600z",
  down: "M6 9l6 6 6-6-1.400-1.400L12 12.200 7.400 7.600z",
  previous: "M15 6l-6 6 6 6 1.4-1.400L11.8 12l4.6-4.600z",
};

/** @param {keyof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Another picture in the same button. */
export function setIcon(svg, name) {
  setAttr(svg.firstChild, "d", ICONS[name]);
}

/** A button with a picture, its name for those who do not see it, and a visible word where there is room. */
export function iconButton(name, label, onclick, { word, shortcut, ...props } = {}) {
  const title = shortcut ? `${label} (${shortcut})` : label;
  return h("button", { type: "button", "aria-label": label, title, onclick, ...props }, icon(name),
    word ? h("span", { class: "word", text: word }) : null);
}
