/**
 * Tells Python and the address bar where the film stands, once it does. While it runs Python hears nothing, and the address
 * holds the experiment with its edits, without a step. Each time Python hears is a run of the page: it is not told what it
 * has said itself.
 */

import { address } from "./link.js";
import { isMoving } from "./reducer.js";
import { wholeStep } from "./timeline.js";

/** Milliseconds after the last change. */
const DELAY = 300;

export class Reporter {
  /**
   * @param {() => import("./reducer.js").State|null} current  null: nothing is shown yet
   * @param {(value: object) => void} send
   * @param {() => boolean} keepsAddress  whether the address is this stage's to keep
   */
  constructor(current, send, keepsAddress = () => true) {
    Object.assign(this, { current, send, keepsAddress, timer: 0, told: "", seen: {} });
  }

  /** What Python says of where the film stands; of what is followed and selected it knows what it was told last. */
  hear({ link, edits, step, surface = null }, { follow, selected } = this.seen) {
    this.seen = { follow, selected };
    this.told = JSON.stringify({ link, edits, step, follow, selected, surface });
  }

  /** Something changed that is worth telling. */
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), DELAY);
  }

  /** Somebody uses something else of the page: what is still to be told waits until that has been drawn. */
  wait() {
    if (this.timer) this.soon();
  }

  tell() {
    this.timer = 0;
    const state = this.current();
    if (!state) return;
    const { link, edits, follow, selected, surface } = state;
    const standing = !isMoving(state);
    const step = wholeStep(state.position);
    const query = address(link, edits, standing ? step : 0, location.search, surface);
    if (this.keepsAddress() && query !== location.search) history.replaceState(history.state, "", query + location.hash);
    const value = { link, edits, step, follow, selected, surface };
    if (!standing || JSON.stringify(value) === this.told) return;
    this.hear(value, value);
    this.send(value);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
