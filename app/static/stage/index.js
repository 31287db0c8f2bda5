/**
 * The component's entry: Streamlit calls the default export with new data again and again, with the same parentElement
 * and without a remount. The only file that knows Streamlit.
 */

import { Stage } from "./stage.js";

/** @type {WeakMap<Node, {stage: Stage, generation: number}>} */
const mounted = new WeakMap();

/**
 * @param {{data: object, parentElement: ShadowRoot|HTMLElement, setStateValue: Function, setTriggerValue: Function}} component
 * @returns {() => void} clean-up; it also runs between calls, so it acts only if no newer call came and the place is gone
 */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const entry = mounted.get(parentElement) ?? { stage: new Stage(parentElement), generation: 0 };
  mounted.set(parentElement, entry);
  entry.generation += 1;
  const { generation } = entry;
  entry.stage.update(data, { setStateValue, setTriggerValue });
  return () => setTimeout(() => {
    if (generation !== entry.generation || parentElement.isConnected) return;
    entry.stage.destroy();
    mounted.delete(parentElement);
  });
}
