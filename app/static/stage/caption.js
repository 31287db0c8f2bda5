/** The line that says what happens now, its four phases, and the same for those who listen. */

import { caption } from "./describe.js";
import { h, setAttr, setText } from "./dom.js";
import { PHASES, SPEEDS } from "./timeline.js";

/** Milliseconds between two announcements. */
const LIVE_PERIOD = 1000;
/** Steps a second up to which a running film is announced. */
const LIVE_SPEED = 1;

/** @param {{say: Function}} tools */
export function createCaption({ say }) {
  const phases = PHASES.map(({ name }) => h("li", { "data-phase": name, text: say(`phase_${name}`) }));
  const line = h("p", { class: "caption-text" });
  const live = h("div", { class: "visually-hidden", "aria-live": "polite" });
  const element = h("div", { class: "told", "data-part": "caption" },
    h("ol", { class: "phases", "aria-hidden": "true" }, ...phases), line);
  let announcing = 0;
  let announcedAt = -Infinity;

  /** @param {import("./describe.js").Told} told @param {boolean} moving */
  function render(told, moving) {
    const { phase, slow } = told.moment;
    const flowing = moving && slow < 0.5;
    for (const item of phases) setAttr(item, "data-now", flowing ? "all" : item.dataset.phase === phase);
    setText(line, caption(told));
    if (!moving || SPEEDS[told.speed] <= LIVE_SPEED) announceSoon();
  }

  /** What stands in the line when the period is over is read out; what came and went meanwhile is not. */
  function announceSoon() {
    if (announcing || live.textContent === line.textContent) return;
    announcing = setTimeout(() => {
      announcing = 0;
      announcedAt = performance.now();
      setText(live, line.textContent);
    }, Math.max(0, announcedAt + LIVE_PERIOD - performance.now()));
  }
  return { element, live, render };
}
