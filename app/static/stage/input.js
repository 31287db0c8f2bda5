/** Pointer and keyboard to actions. */

import { hitNetwork } from "./hit.js";

const KEYS = {
  " ": () => ({ type: "toggle" }),
  ArrowRight: ({ shiftKey }) => ({ type: shiftKey ? "phase" : "step" }),
  ArrowLeft: () => ({ type: "back" }),
  Home: () => ({ type: "seek", step: 0 }),
};

/**
 * Transport keys: anywhere in the stage except where a control uses the key itself, and on the page while nothing is focused.
 * @param {HTMLElement} root
 * @param {(action: object) => void} act
 * @returns {() => void} stops listening
 */
export function listenToKeys(root, act) {
  const onKey = (event) => {
    const action = KEYS[event.key]?.(event);
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(action);
  };
  const inside = (event) => {
    const target = event.composedPath()[0];
    const own = target.closest?.("input, select, textarea, summary, .table-scroll, canvas[tabindex]")
      || (event.key === " " && target.closest?.("button"));
    if (!own) onKey(event);
  };
  const outside = (event) => {
    if (event.target === document.body && root.offsetParent !== null) onKey(event);
  };
  root.addEventListener("keydown", inside);
  document.addEventListener("keydown", outside);
  return () => document.removeEventListener("keydown", outside);
}

/**
 * Hovering and clicking on the network's canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {() => {layout: object|undefined, links: object[]|null}} scene  what is on the screen now
 * @param {(action: object) => void} act
 */
export function listenToNetwork(canvas, scene, act) {
  const hit = (event) => {
    const now = scene();
    if (!now.links) return null;
    return hitNetwork(now.layout, now.links, event.offsetX, event.offsetY, event.pointerType === "touch" ? 12 : 5);
  };
  canvas.addEventListener("pointermove", (event) => {
    const id = hit(event);
    canvas.style.cursor = id ? "pointer" : "default";
    act({ type: "hover", id });
  });
  canvas.addEventListener("pointerleave", () => act({ type: "hover", id: null }));
  canvas.addEventListener("click", (event) => act({ type: "select", id: hit(event) }));
}
