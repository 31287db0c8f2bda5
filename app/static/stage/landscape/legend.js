/** What the marks on the surface mean; who races, and their losses now. */

import { h, iconButton, setHidden, setText } from "../dom.js";
import { MOST_RACERS } from "./choices.js";

/**
 * @param {{say: Function, format: import("../numbers.js").Format, setup: import("./panel.js").Setup,
 *   race: (texts: string[]) => void}} tools  race: these optimisers run along
 */
export function createLegend({ say, format, setup, race }) {
  const arrow = item("landscape-key-arrow", say("surface_key_gradient"));
  const step = item("landscape-key-step", "");
  const runners = h("ul", { class: "landscape-runners", "aria-label": say("surface_race") });
  const add = h("select", { "aria-label": say("surface_race_add"), title: say("surface_race_help"), onchange: enter });
  const element = h("div", { class: "landscape-legend" }, runners, add, h("ul", { class: "landscape-keys" }, arrow,
    step));
  let now = null;
  let built = "";

  function item(mark, text) {
    return h("li", {}, h("i", { class: mark, "aria-hidden": "true" }), h("span", { text }));
  }

  /** "adam:0.03" as "Adam 0.03". */
  function nameOf(text) {
    const [name, rate] = text.split(":");
    const known = setup.optimisers.find(({ value }) => value === name)?.label ?? name;
    return rate ? `${known} ${format.axis(Number(rate))}` : known;
  }

  function enter() {
    if (add.value) race([...now.texts, `${add.value}:${Number(now.rate.toPrecision(6))}`]);
    add.value = "";
  }

  function build({ texts }) {
    const leave = (text) => iconButton("close", say("surface_race_remove", { name: nameOf(text) }),
      () => race(now.texts.filter((other) => other !== text)));
    const row = (label, button) => h("li", {}, h("i", { class: "landscape-mark", "aria-hidden": "true" }), h("span",
      { text: label }), h("b"), button);
    runners.replaceChildren(row(say("surface_key_network"), null), ...texts.map((text) => row(nameOf(text),
      leave(text))));
    const first = h("option", { value: "", text: say("surface_race_add") });
    const names = new Set(texts.map((text) => text.split(":")[0]));
    add.replaceChildren(first, ...setup.optimisers.filter(({ value }) => !names.has(value)).map(({ value,
      label }) => h("option", { value, text: label })));
    setHidden(add, texts.length >= MOST_RACERS);
  }

  /** @param {{runners: object[], racers: object[], own: object, step: {times: number}|null, arrow: object|null,
 * rate: number, texts: string[]}} next */
  function render(next) {
    now = next;
    const key = next.texts.join();
    if (key !== built || runners.children.length === 0) build(next);
    built = key;
    [...runners.children].forEach((row, i) => renderRow(row, next.runners[i],
      i === 0 ? next.own : next.runners[i]?.point, next.racers[i - 1]));
    setHidden(arrow, !next.arrow);
    setHidden(step, !next.step);
    if (next.step) setText(step.lastChild, next.step.times > 1 ? say("surface_key_step_times", {
      times: format.count(next.step.times) }) : say("surface_key_step"));
  }

  function renderRow(row, runner, point, racer) {
    const [mark, , loss] = row.children;
    mark.dataset.shape = runner?.shape ?? "circle";
    mark.style.setProperty("--swatch", runner?.colour ?? "gray");
    const over = racer && (racer.player.trouble?.kind === "refused" || racer.player.film.outcome?.kind === "diverged");
    setText(loss, over ? say("surface_race_over") : point ? format.value(point.loss) : "…");
  }

  return { element, render, nameOf };
}
