/** What the keyboard does, to read. */

import { h } from "./dom.js";

/** @param {{say: Function}} tools */
export function createKeys({ say }) {
  const rows = [
    [say("key_space"), "keys_space"], ["→", "keys_right"], ["⇧ →", "keys_shift_right"], ["←", "keys_left"],
    [say("key_home"), "keys_home"],
    [say("key_arrows"), "keys_neurons"], [say("key_arrows"), "keys_map"],
  ];
  const row = ([key, words]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: say(words) })];
  const list = h("dl", { class: "keys-list" }, ...rows.flatMap(row));
  return h("details", { class: "table", "data-part": "keys" }, h("summary", { text: say("keys_title") }), list);
}
