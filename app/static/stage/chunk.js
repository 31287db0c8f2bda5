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
  const header = readHeader(buffer);
  const fields = new Map();
  let offset = 8 + new DataView(buffer).getUint32(4, true);
  for (const { name, shape } of header.fields) {
    const length = shape.reduce((product, n) => product * n, 1);
    if (offset + 4 * length > buffer.byteLength) throw new Error(`invalid chunk: ends inside field ${name}`);
    fields.set(name, { shape, size: length / Math.max(1, shape[0]), data: new Float32Array(buffer, offset, length) });
    offset += 4 * length;
  }
  const { from, every, frames } = header;
  return { header, from, every, frames, bytes: buffer.byteLength, fields };
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {Header}
 */
function readHeader(buffer) {
  const magic = buffer.byteLength < 8 ? "" : String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (magic !== MAGIC) throw new Error(`invalid chunk: ${JSON.stringify(magic)}`);
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
