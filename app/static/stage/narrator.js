/** Everything in words and numbers around the pictures, renewed a few times a second while the film runs. */

import { details, pictureText } from "./describe.js";
import { setAttr } from "./dom.js";
import { boxOf } from "./layout/index.js";
import { edgeCount, exists, parseId } from "./model.js";

/** Milliseconds between changes while the film runs. */
const PERIOD = { slow: 80, fast: 200 };

/**
 * @typedef {{told: import("./describe.js").Told, state: import("./reducer.js").State, recorded: number, moving: boolean,
 *   waiting: boolean, ended: boolean, layout: import("./layout/dense.js").Layout, drawn: number}} Telling
 *   drawn: edges on the screen
 */

export class Narrator {
  /** @param {ReturnType<import("./shell.js").createShell>} shell */
  constructor(shell) {
    this.shell = shell;
    this.due = true;
    this.toldAt = 0;
  }

  /** @param {Telling} telling @param {number} now  milliseconds */
  render(telling, now) {
    const period = telling.told.moment.slow > 0 ? PERIOD.slow : PERIOD.fast;
    if (telling.moving && !this.due && now - this.toldAt < period) return;
    [this.toldAt, this.due] = [now, false];
    const { told, state, moving } = telling;
    this.renderTransport(telling);
    this.shell.caption.render(told, moving);
    this.shell.loss.renderNumbers(told.snapshot, state.log);
    this.shell.map.renderWords();
    this.renderCard(telling);
    this.shell.structure.renderNote({ drawn: telling.drawn, total: edgeCount(told.model) });
    if (!moving) this.describePictures(told);
  }

  renderTransport({ told: { snapshot }, state, recorded, moving, waiting, ended }) {
    this.shell.transport.render({
      playing: state.playing, speed: state.speed, step: snapshot.step, epoch: snapshot.epoch, recorded,
      edits: state.edits.map(([step]) => step), waiting: waiting && moving, ended,
    });
  }

  renderCard({ told, state, layout }) {
    const id = state.hover ?? state.selected;
    const place = id && exists(told.model, id) ? anchor(layout, id) : null;
    this.shell.card.render(place && details(told, id), place && { ...place, width: layout.width, height: layout.height });
  }

  /** Text alternatives and the table: the film has to stand for them. */
  describePictures(told) {
    const text = pictureText(told);
    setAttr(this.shell.canvas, "aria-label", text);
    this.shell.loss.describe(text);
    this.shell.neurons.refresh();
    this.shell.table.render(told);
  }
}

/** Where the card of a unit or an edge points at. */
function anchor(layout, id) {
  const part = parseId(id);
  const box = boxOf(layout, part);
  return box && { x: part.kind === "edge" ? box.x - 20 : box.x + box.w, y: box.y + box.h / 2 };
}
