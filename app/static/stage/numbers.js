/** Numbers as the reader's language writes them. */

/**
 * @typedef {{value: (x: number) => string, short: (x: number) => string,
 *   small: (x: number) => string, signed: (x: number) => string,
 *   count: (n: number) => string, percent: (x: number) => string, axis: (x: number) => string}} Format
 * value: three significant digits; short: two decimals, for small labels; small: the same, two digits where it is less
 */

/** @param {string} locale @returns {Format} */
export function createFormat(locale) {
  const make = (options) => {
    const format = new Intl.NumberFormat(locale, options);
    return (x) => (Number.isFinite(x) ? format.format(x).replace("-", "\u2212") : "–");
  };
  const three = make({ maximumSignificantDigits: 3, minimumSignificantDigits: 3 });
  const power = (x, digits = three) => {
    if (!Number.isFinite(x)) return three(x);
    const exponent = Math.floor(Math.log10(Math.abs(x)));
    return `${digits(x / 10 ** exponent)}×10${superscript(exponent)}`;
  };
  const two = make({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const pair = make({ maximumSignificantDigits: 2 });
  const compact = make({ notation: "compact", maximumSignificantDigits: 2 });
  const sign = (text, x) => (x > 0 ? `+${text}` : text);
  const value = (x) => (Number.isFinite(x) && x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e6) ? power(x) : three(x));
  return {
    value,
    short: (x) => (Math.abs(x) >= 1e6 ? power(x, pair) : Math.abs(x) >= 100 ? compact(x) : two(Math.abs(x) < 0.005 ? 0 : x)),
    small: (x) => (x !== 0 && Math.abs(x) < 0.095 ? (Math.abs(x) < 1e-4 ? power(x) : pair(x)) : two(x)),
    signed: (x) => sign(value(x), x),
    count: make({ maximumFractionDigits: 0 }),
    percent: make({ style: "percent", maximumFractionDigits: 1 }),
    axis: make({ maximumSignificantDigits: 3 }),
  };
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {number} n */
function superscript(n) {
  return (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((digit) => SUPERSCRIPTS[digit]).join("");
}
