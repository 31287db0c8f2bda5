/** Loss and accuracy in numbers, and the loss curve; pressing on the curve goes to that step. */

import { h, setAttr, setHidden, setText } from "./dom.js";
import { drawLoss, lossFrame } from "./plot/loss.js";
import { createSurface } from "./surface.js";

/**
 * @param {{say: Function, format: import("./numbers.js").Format, act: (action: object) => void}} tools
 */
export function createLossPanel({ say, format, act }) {
  const canvas = h("canvas", { role: "img" });
  const box = h("div", { class: "loss-box" }, canvas);
  const surface = createSurface(canvas);
  const train = numberRow("train", say("train"));
  const test = numberRow("test", say("test"));
  const log = h("button", { type: "button", class: "toggle", "aria-pressed": "false", text: say("log_scale"),
    onclick: () => act({ type: "log" }) });
  const accuracyHead = h("span", { class: "numbers-head", text: say("accuracy") });
  const element = h("section", { class: "loss-panel", "aria-label": say("loss_panel"), "data-part": "loss" },
    h("div", { class: "numbers" }, h("span", { class: "numbers-head", text: say("loss") }), train.loss, test.loss,
      accuracyHead, train.accuracy, test.accuracy),
    h("div", { class: "loss-frame" }, box, log));
  let picture = null;
  listen();

  function numberRow(kind, label) {
    const make = () => h("span", { class: `number ${kind}` }, h("i", { "aria-hidden": "true" }),
      h("span", { class: "number-label", text: label }), h("b"));
    return { loss: make(), accuracy: make() };
  }

  function listen() {
    const seek = (event) => {
      if (!picture || picture.history.length === 0) return;
      const [step] = lossFrame(picture).invert(event.offsetX, 0);
      act({ type: "seek", step: Math.round(Math.min(picture.recorded, Math.max(0, step))) });
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      seek(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && seek(event));
  }

  /** @param {import("./snapshot.js").Snapshot} snapshot */
  function renderNumbers(snapshot, isLog) {
    setText(train.loss.lastChild, format.value(snapshot.trainLoss));
    setText(test.loss.lastChild, format.value(snapshot.testLoss));
    const accurate = snapshot.trainAccuracy !== undefined;
    for (const part of [accuracyHead, train.accuracy, test.accuracy]) setHidden(part, !accurate);
    if (accurate) {
      setText(train.accuracy.lastChild, format.percent(snapshot.trainAccuracy));
      setText(test.accuracy.lastChild, format.percent(snapshot.testAccuracy));
    }
    setAttr(log, "aria-pressed", isLog);
  }

  function draw(next) {
    picture = { ...next, width: surface.width, height: surface.height };
    if (surface.width > 0) drawLoss(surface.ctx, picture);
  }

  const describe = (text) => setAttr(canvas, "aria-label", text);
  return { element, box, surface, renderNumbers, draw, describe };
}
