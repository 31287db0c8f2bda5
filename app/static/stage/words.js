/** The catalogue's sentences with their placeholders filled. */

/**
 * @param {Object<string, string>} words
 * @returns {(key: string, values?: Object<string, string|number>) => string}
 */
export function createSay(words) {
  return (key, values = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
