/** Asks how far the engine's kernels are compiled, once a second until they are. */

const PERIOD_SECONDS = 1;

/**
 * @param {string} url
 * @param {(state: {ready: boolean, done: number, total: number}) => void} tell
 * @returns {() => void} stops asking
 */
export function watchEngine(url, tell) {
  let timer = 0;
  let stopped = false;
  const ask = async () => {
    const state = await fetch(url, { cache: "no-store" }).then((response) => response.json(), () => null);
    if (stopped) return;
    if (state) tell(state);
    if (!state?.ready) timer = setTimeout(ask, 1000 * PERIOD_SECONDS);
  };
  ask();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
