/**
 * The place of the loss surface on the stage: closed until somebody opens it, and only then are its modules, its style and
 * Plotly fetched.
 */

import { h, setHidden } from "./dom.js";

/** @param {{say: Function, act: (action: object) => void}} tools */
export function createLandscapeDrawer(tools) {
  const { say, act } = tools;
  const host = h("div", { class: "landscape-host" });
  const trouble = h("p", { class: "landscape-lost", role: "status", hidden: true, text: say("surface_lost") });
  const element = h("details", { class: "landscape-drawer", "data-part": "surface" },
    h("summary", {}, h("span", { text: say("surface_title") })), trouble, host);
  let panel = null;
  let loading = false;
  element.addEventListener("toggle", () => act({ type: "surface", open: element.open }));

  /** Fetches the panel once; a lost connection is told, and the next opening tries again. */
  async function load(setup) {
    loading = true;
    try {
      const { LandscapePanel } = await import("./landscape/panel.js");
      panel ??= new LandscapePanel(host, tools, setup);
    } catch {
      setHidden(trouble, false);
      return;
    } finally {
      loading = false;
    }
    setHidden(trouble, true);
    tools.wake();
  }

  /**
   * The moment that is on the screen.
   * @param {import("./landscape/panel.js").Now} now
   */
  function show(now) {
    setHidden(element, !now.setup.url);
    const open = now.state.surface !== null;
    if (element.open !== open) element.open = open;
    if (open && !panel && !loading) load(now.setup);
    if (open) panel?.show(now);
    else panel?.rest();
  }

  return {
    element, show,
    /** The step up to which others that run along have film: nobody runs ahead. */
    coverage: (step, every) => (element.open && panel ? panel.race.coverage(step, every) : Infinity),
    want: (wish) => element.open && panel?.race.want(wish),
    resize: () => panel?.resize(),
    close: () => panel?.close(),
  };
}
