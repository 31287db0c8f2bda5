/**
 * The binary trace chunk: "BPT1", the header's length, a JSON header, then float32 fields (see engine/trace.py).
 *
 * @typedef {{shape: number[], size: number, data: Float32Array}} Field  `size` floats a frame
 * @typedef {{kind: string, step: number, layer?: string, quantity?: string}} Outcome
 * @typedef {{name: string, kind: string, units: number, activation: {name: string}}} LayerHeader
 * @typedef {{version: number, from: number, to: number, every: number, frames: number, epoch_steps: number,
 *   follow: {index: number, x: number[], y: number[]}, layers: LayerHeader[], loss: string, outcome: Outcome|null,
 *   fields: {name: string, shape: number[]}[]}} Header
 * @typedef {{header: Header, from: number, every: number, frames: number, bytes: number, fields: Map<string, Field>}} Chunk
 * @typedef {{chunk: Chunk, index: number, step: number}} Frame
 */

export const VERSION = 1;
const MAGIC = "BPT1";

/**
 * @param {ArrayBuffer} buffer
 * @returns {Chunk}
 */
export function decodeChunk(buffer) {
  const { header, arrays } = readArrays(buffer, MAGIC);
  const fields = new Map();
  for (const [name, { shape, data }] of arrays) {
    fields.set(name, { shape, size: data.length / Math.max(1, shape[0]), data });
  }
  const { from, every, frames } = header;
  return { header, from, every, frames, bytes: buffer.byteLength, fields };
}

/**
 * What every binary answer of the server looks like: four letters, the header's length, a JSON header, float32 arrays.
 * @param {ArrayBuffer} buffer
 * @param {string} magic  the four letters
 * @returns {{header: object, arrays: Map<string, {shape: number[], data: Float32Array}>}}
 */
export function readArrays(buffer, magic) {
  const header = readHeader(buffer, magic);
  const arrays = new Map();
  let offset = 8 + new DataView(buffer).getUint32(4, true);
  for (const { name, shape } of header.fields) {
    const length = shape.reduce((product, n) => product * n, 1);
    if (offset + 4 * length > buffer.byteLength) throw new Error(`invalid chunk: ends inside field ${name}`);
    arrays.set(name, { shape, data: new Float32Array(buffer, offset, length) });
    offset += 4 * length;
  }
  return { header, arrays };
}

function readHeader(buffer, magic) {
  const letters = buffer.byteLength < 8 ? "" : String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (letters !== magic) throw new Error(`invalid chunk: ${JSON.stringify(letters)}`);
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  if (header.version !== VERSION) throw new Error(`invalid chunk version: ${header.version}`);
  return header;
}

/**
 * One field at one frame, as a view (nothing is copied); null where the chunk has no such field.
 * @param {Frame} frame
 * @param {string} name
 * @returns {Float32Array|null}
 */
export function values(frame, name) {
  const field = frame.chunk.fields.get(name);
  return field ? field.data.subarray(frame.index * field.size, (frame.index + 1) * field.size) : null;
}

/**
 * A field of one number a frame.
 * @param {Frame} frame
 * @param {string} name
 * @returns {number|undefined}
 */
export function scalar(frame, name) {
  return frame.chunk.fields.get(name)?.data[frame.index];
}
