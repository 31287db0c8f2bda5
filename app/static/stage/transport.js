/** The transport bar: scrub, play, step, phase, back, restart, speed, and where the film stands. */

import { h, iconButton, setAttr, setIcon, setText } from "./dom.js";
import { SPEEDS } from "./timeline.js";

/**
 * @typedef {{playing: boolean, speed: number, step: number, epoch: number, recorded: number, edits: number[],
 *   waiting: boolean, ended: boolean}} TransportView
 */

/**
 * @param {{say: Function, format: import("./numbers.js").Format, act: (action: object) => void}} tools
 */
export function createTransport({ say, format, act }) {
  const play = iconButton("play", say("play"), () => act({ type: "toggle" }),
    { class: "play", "data-part": "play", shortcut: say("key_space") });
  const back = iconButton("back", say("back"), () => act({ type: "back" }), { shortcut: "←", "data-part": "step" });
  const step = iconButton("step", say("step"), () => act({ type: "step" }),
    { shortcut: "→", "data-part": "step", word: say("step_word") });
  const phase = iconButton("phase", say("phase"), () => act({ type: "phase" }),
    { shortcut: "⇧ →", "data-part": "step", word: say("phase_word") });
  const restart = iconButton("restart", say("restart"), () => act({ type: "seek", step: 0 }),
    { shortcut: say("key_home"), "data-part": "reset" });
  const speed = createSpeed({ say, format, act });
  const scrub = createScrub({ say, format, act });
  const stepText = h("b");
  const epochText = h("span");
  const where = h("div", { class: "where" },
    h("span", { class: "where-step" }, h("span", { text: `${say("step_label")} ` }), stepText),
    h("span", { class: "where-epoch" }, h("span", { text: `${say("epoch_label")} ` }), epochText));
  const element = h("div", { class: "transport", role: "group", "aria-label": say("transport"), "data-part": "transport" },
    scrub.element,
    h("div", { class: "bar" }, h("div", { class: "buttons" }, restart, back, play, step, phase), where, speed.element));

  /** @param {TransportView} view */
  function render(view) {
    const label = view.playing ? say("pause") : say("play");
    setIcon(play.firstChild, view.playing ? "pause" : "play");
    setAttr(play, "aria-label", label);
    setAttr(play, "title", `${label} (${say("key_space")})`);
    setAttr(play, "data-waiting", view.waiting);
    play.disabled = view.ended && !view.playing;
    step.disabled = phase.disabled = view.ended;
    back.disabled = restart.disabled = view.step === 0 && !view.playing;
    setText(stepText, format.count(view.step));
    setText(epochText, view.epoch < 100 ? format.short(view.epoch) : format.count(view.epoch));
    speed.render(view.speed);
    scrub.render(view);
  }
  return { element, render };
}

function createSpeed({ say, format, act }) {
  const input = h("input", {
    type: "range", min: 0, max: SPEEDS.length - 1, step: 1, "aria-label": say("speed"),
    oninput: () => act({ type: "speed", index: Number(input.value) }),
  });
  const value = h("output", { class: "speed-value" });
  const element = h("label", { class: "speed", "data-part": "speed" },
    h("span", { class: "speed-end", text: say("speed_slow") }), input,
      h("span", { class: "speed-end", text: say("speed_fast") }), value);

  function render(index) {
    const words = say(SPEEDS[index] === 1 ? "speed_value_one" : "speed_value", { speed: format.axis(SPEEDS[index]) });
    if (input.value !== String(index)) input.value = String(index);
    setAttr(input, "aria-valuetext", words);
    setText(value, words);
    input.style.setProperty("--share", String(index / (SPEEDS.length - 1)));
  }
  return { element, render };
}

function createScrub({ say, format, act }) {
  const input = h("input", {
    type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": say("scrub"),
    oninput: () => act({ type: "seek", step: Number(input.value) }),
  });
  const marks = h("div", { class: "scrub-marks", "aria-hidden": "true" });
  const element = h("div", { class: "scrub", "data-part": "scrub" }, input, marks);
  let drawn = "";

  function render({ step, recorded, edits }) {
    const most = Math.max(1, recorded);
    setAttr(input, "max", most);
    if (input.value !== String(step)) input.value = String(step);
    setAttr(input, "aria-valuetext", say("scrub_value", { step: format.count(step), last: format.count(recorded) }));
    input.style.setProperty("--share", String(step / most));
    const wanted = edits.map((edit) => `${(100 * edit) / most}%`).join();
    if (wanted === drawn) return;
    drawn = wanted;
    marks.replaceChildren(...edits.map((edit) => {
      const mark = h("i", { title: say("scrub_edit", { step: format.count(edit) }) });
      mark.style.setProperty("--share", String(edit / most));
      return mark;
    }));
  }
  return { element, render };
}
