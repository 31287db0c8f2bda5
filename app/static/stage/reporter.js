/**
 * Tells the address bar where the film stands, once it does, and Python if anything there shows it: each time Python hears
 * of it is a run of the page's script. While the film runs, the address holds the experiment with its edits, without a step.
 */

import { address } from "./link.js";
import { isMoving } from "./reducer.js";

/** Milliseconds after the last change. */
const DELAY = 300;

export class Reporter {
  /**
   * @param {() => import("./reducer.js").State|null} current  null: nothing is shown yet
   * @param {(value: object) => void} send
   * @param {() => {address: boolean, python: boolean}} listeners  whether the address is this stage's to keep, and whether
   *   Python shows where the film stands
   */
  constructor(current, send, listeners) {
    Object.assign(this, { current, send, listeners, timer: 0, told: "" });
  }

  /** Something changed that is worth telling. */
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), DELAY);
  }

  /** @param {boolean} leaving  another page is about to ask Python where this film is, be it running or not */
  tell(leaving = false) {
    const state = this.current();
    if (!state) return;
    const listeners = this.listeners();
    const { link, edits, follow, selected, surface } = state;
    const standing = !isMoving(state);
    const step = Math.floor(state.position + 1e-6);
    const query = address(link, edits, standing ? step : 0, location.search, surface);
    if (listeners.address && query !== location.search) history.replaceState(history.state, "", query + location.hash);
    const value = { link, edits, step, follow, selected, surface };
    if (!(leaving || (standing && listeners.python)) || JSON.stringify(value) === this.told) return;
    this.told = JSON.stringify(value);
    this.send(value);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
