/** What is not the film: waiting, the engine's warming, trouble with the server, and the end of a run. */

import { h, setHidden, setText } from "./dom.js";

/** How far "go back" goes from a run that diverged. */
const BACK_STEPS = 20;

/**
 * @typedef {{loading: boolean, engine: {ready: boolean, done: number, total: number}|null,
 *   trouble: import("./player.js").Trouble|null, outcome: import("./chunk.js").Outcome|null, end: number, atEnd:
 *   boolean, layer: string}} StatusView
 */

export function createStatus({ say, format, act, retry }) {
  const bar = h("i");
  const progress = h("div", { class: "progress", role: "progressbar", "aria-label": say("engine_warming"),
    "aria-valuemin": 0 }, bar);
  const text = h("span", { class: "status-text" });
  const button = h("button", { type: "button", class: "status-button" });
  const element = h("div", { class: "status", role: "status", hidden: true }, text, progress, button);
  let onPress = () => {};
  button.addEventListener("click", () => onPress());

  function show(kind, words, { press, word, share } = {}) {
    element.dataset.kind = kind;
    setText(text, words);
    setHidden(element, false);
    setHidden(progress, share === undefined);
    setHidden(button, !press);
    bar.style.transform = `scaleX(${share ?? 0})`;
    progress.setAttribute("aria-valuenow", String(Math.round(100 * (share ?? 0))));
    if (press) [onPress, button.textContent] = [press, word];
  }

  /** @param {StatusView} view */
  function render(view) {
    const { trouble, engine, outcome } = view;
    const warming = engine && !engine.ready;
    if (trouble?.kind === "refused") return show("error", say("trouble_refused", { message: trouble.message }),
      { press: retry, word: say("retry") });
    if (outcome && view.atEnd) return showOutcome(outcome, view);
    if (warming) {
      const words = say("engine_progress", { done: format.count(engine.done), total: format.count(engine.total) });
      return show("wait", words, { share: engine.total > 0 ? engine.done / engine.total : 0 });
    }
    if (trouble?.kind === "line" && trouble.place > 1)
      return show("wait", say("trouble_in_line", { place: format.count(trouble.place) }));
    if (trouble?.kind === "busy") return show("wait", say("trouble_busy"));
    if (trouble?.kind === "lost") return show("error", say("trouble_lost"), { press: retry, word: say("retry") });
    if (view.loading) return show("wait", say("loading"));
    return setHidden(element, true);
  }

  function showOutcome({ kind, step, quantity }, { end, layer }) {
    const values = { step: format.count(step ?? end), layer, quantity: quantityWords(quantity) };
    if (kind !== "diverged") return show("done", say(`outcome_${kind}`, values));
    return show("error", say("outcome_diverged", values), {
      press: () => act({ type: "seek", step: Math.max(0, end - BACK_STEPS) }),
      word: say("outcome_go_back", { count: BACK_STEPS }),
    });
  }
  function quantityWords(quantity = "") {
    const words = say(`quantity_${quantity}`);
    return words === `quantity_${quantity}` ? quantity.replaceAll("_", " ") : words;
  }
  return { element, render };
}
