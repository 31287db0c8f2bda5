/** The stage's DOM: every panel made once a language and put in its place. */

import { createCaption } from "./caption.js";
import { createCard } from "./card.js";
import { h } from "./dom.js";
import { createKeys } from "./keys.js";
import { createLandscapeDrawer } from "./landscapeDrawer.js";
import { createLossPanel } from "./lossPanel.js";
import { createMapPanel } from "./mapPanel.js";
import { createNeurons } from "./neurons.js";
import { createStatus } from "./status.js";
import { createStructure } from "./structure.js";
import { createSurface } from "./surface.js";
import { createTable } from "./table.js";
import { createTransport } from "./transport.js";

/**
 * @param {HTMLElement} root  emptied and filled
 * @param {object} tools  say, format and the functions that panels call: act, send, retry, addPoint, follow, describe
 * @param {string[]} hidden  names of parts that a lesson does without
 */
export function createShell(root, tools, hidden) {
  const canvas = h("canvas", { role: "img" });
  const shell = {
    canvas, network: createSurface(canvas), transport: createTransport(tools), structure: createStructure(tools),
    card: createCard(), table: createTable(tools), status: createStatus(tools), loss: createLossPanel(tools),
    map: createMapPanel(tools), neurons: createNeurons(tools), caption: createCaption(tools), keys: createKeys(tools),
    landscape: createLandscapeDrawer(tools),
  };
  shell.networkBox = h("div", { class: "network-box" }, canvas, shell.structure.features, shell.neurons.element,
    shell.structure.above, shell.card.element);
  root.replaceChildren(...arrange(shell, tools.say));
  for (const part of hidden) hide(root, part);
  return shell;
}

function arrange(shell, say) {
  const { structure, networkBox, caption, map, loss, status, transport, table, keys, landscape } = shell;
  const network = h("section", { class: "network-panel", "aria-label": say("network_panel"), "data-part": "network" },
    structure.row, networkBox, caption.element);
  const side = h("div", { class: "side" }, map.element, loss.element);
  const below = h("div", { class: "below" }, table.element, keys);
  const board = h("div", { class: "board" }, h("div", { class: "main" }, network, side), transport.element, landscape.element);
  return [status.element, board, below, caption.live];
}

function hide(root, part) {
  for (const element of root.querySelectorAll(`[data-part~="${CSS.escape(part)}"]`)) element.hidden = true;
}
