/** Tells Python and the address bar where the film stands, once it does; never while it runs. */

import { address } from "./link.js";
import { isMoving } from "./reducer.js";

/** Milliseconds that the film must have stood. */
const DELAY = 300;

export class Reporter {
  /** @param {() => import("./reducer.js").State|null} current  null: nothing is shown yet @param {(value: object) => void} send */
  constructor(current, send) {
    Object.assign(this, { current, send, timer: 0, told: "" });
  }

  /** Something changed that is worth telling. */
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), DELAY);
  }

  tell() {
    const state = this.current();
    if (!state || isMoving(state)) return;
    const { link, edits, follow, selected } = state;
    const step = Math.floor(state.position + 1e-6);
    const value = { link, edits, step, follow, selected };
    if (JSON.stringify(value) === this.told) return;
    this.told = JSON.stringify(value);
    history.replaceState(history.state, "", address(link, edits, step, location.search) + location.hash);
    this.send(value);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
