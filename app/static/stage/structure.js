/** Buttons on the network itself: more or fewer layers and units, inputs on and off. They ask Python; nothing changes here. */

import { blockName } from "./blocks/words.js";
import { prettyFeature } from "./describe.js";
import { h, iconButton, setText } from "./dom.js";
import { ALL_FEATURES, NARROW } from "./layout/index.js";

/** Columns nearer than this have no room for buttons above each: they go into a row of their own. */
const BUTTON_ROOM = 78;

/**
 * @param {{say: Function, format: import("./numbers.js").Format, send: (action: object) => void}} tools
 */
export function createStructure({ say, format, send }) {
  const above = h("div", { class: "structure-above", "data-part": "structure layers" });
  const row = h("div", { class: "structure-row", "data-part": "structure layers" });
  const note = h("span", { class: "structure-note" });
  const features = h("div", { class: "feature-labels", "data-part": "features" });

  /**
   * @param {import("./model.js").Model} model
   * @param {import("./layout/dense.js").Layout} layout
   */
  function place(model, layout) {
    if (model.family === "blocks") {
      above.replaceChildren(...layout.headings.map((heading) => blockHeading(model, heading)));
      row.replaceChildren();
      features.replaceChildren();
      return;
    }
    const roomy = layout.width >= NARROW && smallestStep(layout.columns) >= BUTTON_ROOM;
    above.replaceChildren(...(roomy ? headings(model, layout) : []));
    row.replaceChildren(...(roomy ? [layerButtons(model)] : rowButtons(model, layout)), note);
    row.dataset.roomy = String(roomy);
    features.replaceChildren(...featureButtons(model, layout));
  }

  function blockHeading(model, { layer, tensor, x, y, align, room }) {
    const text = tensor === null ? blockName({ model, say }, layer) : say(`tensor_${model.layers[layer].tensors[tensor].label}`);
    const heading = h("div", { class: "block-heading", "data-align": align, text });
    Object.assign(heading.style, { left: `${x}px`, top: `${y}px`, maxWidth: `${room}px` });
    return heading;
  }

  function headings(model, layout) {
    return layout.columns.map((column) => {
      const heading = h("div", { class: "heading", role: "group" }, ...headingContent(model, model.layers[column.layer]));
      heading.style.left = `${centre(column)}px`;
      return heading;
    });
  }

  function headingContent(model, layer) {
    if (layer.role === "input") return [h("span", { class: "heading-name", text: say("inputs_heading") })];
    if (layer.role === "output") return [h("span", { class: "heading-name", text: say("output_heading") })];
    return [h("span", { class: "heading-name", text: say("layer_heading", { layer: layer.index }) }), unitButtons(layer)];
  }

  function unitButtons({ index, units }) {
    const layer = index - 1;
    return h("span", { class: "stepper" },
      iconButton("minus", say("remove_unit", { layer: index }), () => send({ kind: "remove_unit", layer }),
        { disabled: units <= 1 }),
      h("span", { class: "stepper-value", text: String(units) }),
      iconButton("plus", say("add_unit", { layer: index }), () => send({ kind: "add_unit", layer })));
  }

  function layerButtons(model) {
    const hidden = model.layers.length - 2;
    return h("span", { class: "stepper", role: "group" },
      iconButton("minus", say("remove_layer"), () => send({ kind: "remove_layer", layer: hidden - 1 }),
        { disabled: hidden < 1 }),
      h("span", { class: "stepper-value", text: say(hidden === 1 ? "hidden_layers_one" : "hidden_layers", { count: hidden }) }),
      iconButton("plus", say("add_layer"), () => send({ kind: "add_layer", layer: hidden })));
  }

  function rowButtons(model, layout) {
    const hidden = model.layers.filter(({ role }) => role === "hidden");
    const chips = layout.features.length > 0 ? [] : featureChips(model);
    return [...chips, layerButtons(model), ...hidden.map(rowLayer)];
  }

  function rowLayer(layer) {
    const name = h("span", { class: "heading-name", text: say("layer_short", { layer: layer.index }) });
    const label = say("layer_heading", { layer: layer.index });
    return h("span", { class: "row-layer", role: "group", "aria-label": label }, name, unitButtons(layer));
  }

  function featureButtons(model, layout) {
    if (model.kind !== "plane") return [];
    return layout.features.map(({ name, active, x, y, h: height }) => {
      const button = featureButton(name, active, model.problem.features.length);
      Object.assign(button.style, { left: "0px", top: `${y + height / 2}px`, width: `${x + height}px` });
      return button;
    });
  }

  /** All features of the plane in the row, where the network has no column for them. */
  function featureChips(model) {
    if (model.kind !== "plane") return [];
    const active = new Set(model.problem.features);
    return [h("span", { class: "feature-chips", role: "group", "aria-label": say("inputs_heading"), "data-part": "features" },
      ...ALL_FEATURES.map((name) => featureButton(name, active.has(name), active.size)))];
  }

  function featureButton(name, active, count) {
    const label = prettyFeature(name);
    return h("button", {
      type: "button", class: "feature", "aria-pressed": String(active),
      "aria-label": say(active ? "feature_on" : "feature_off", { name: label }),
      disabled: active && count === 1, title: say(active ? "feature_on" : "feature_off", { name: label }),
      onclick: () => send({ kind: "toggle_feature", feature: name }),
    }, h("span", {}, ...mathematics(name)));
  }

  /** Says so when not every connection is drawn. */
  function renderNote({ drawn, total }) {
    setText(note, drawn < total ? say("hidden_edges", { shown: format.count(drawn), count: format.count(total) }) : "");
  }

  return { above, row, features, place, renderNote };
}

/** A feature's name as mathematics sets it: "x1_squared" as x with a 1 below and a 2 above. */
function mathematics(name) {
  return name.split("_").flatMap((part) => {
    if (part === "squared") return [h("sup", { text: "2" })];
    return part === "sin" ? ["sin "] : [part.slice(0, 1), h("sub", { text: part.slice(1) })];
  });
}

/** Pixels between the middles of the two nearest columns. */
function smallestStep(columns) {
  return Math.min(...columns.slice(1).map((column, i) => centre(column) - centre(columns[i])));
}

const centre = (column) => column.x + column.w / 2;
