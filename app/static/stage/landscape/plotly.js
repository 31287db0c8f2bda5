/** Plotly's script, loaded once a page and only when a surface is opened. */

let loading = null;

/** @param {string} url @returns {Promise<object>} */
export function loadPlotly(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: url, onload: () => resolve(globalThis.Plotly) });
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error(url));
    };
    document.head.append(script);
  });
  return loading;
}

/** Plotly writes its style sheet into the document's head, which does not reach into a shadow root: it gets a copy. */
export function lendStyle(root) {
  const sheet = document.getElementById("plotly.js-style-global")?.sheet;
  if (!sheet || root === document) return;
  const copy = document.createElement("style");
  copy.textContent = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
  root.append(copy);
}
