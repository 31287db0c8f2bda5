/**
 * A name that this open page makes up for itself, so that the server can give every page its turn, also where a whole
 * school has one address. It says nothing about anybody, is kept nowhere and is another one after a reload.
 */
export const VISITOR = Array.from({ length: 3 }, () => Math.random().toString(36).slice(2)).join("").slice(0, 24);
