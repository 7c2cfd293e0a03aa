// Deflate in its three coats.
const { Buffer } = require('buffer');
const { Transform } = require('stream');
const { absent } = require('internal/errors');
const bytes = (v) => (typeof v === 'string' ? Buffer.from(v) : v instanceof Uint8Array ? v : ArrayBuffer.isView(v) ? new Uint8Array(v.buffer, v.byteOffset, v.byteLength) : v instanceof ArrayBuffer ? new Uint8Array(v) : (() => { throw require('internal/errors').argType('buffer', 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', v); })());
const ERRNO = { Z_DATA_ERROR: -3, Z_BUF_ERROR: -5 };
function fix(e) {
  if (typeof e !== 'string') return e;
  if (e === 'ERR_BUFFER_TOO_LARGE') return require('internal/errors').coded(RangeError, e, 'Cannot create a Buffer larger than the limit');
  const [code, ...words] = e.split(' ');
  return Object.assign(new Error(words.join(' ')), { errno: ERRNO[code], code });
}
const wrap = (b) => Buffer.from(b.buffer, b.byteOffset, b.byteLength);
const level = (o) => (o && o.level !== undefined && o.level >= 0 ? o.level : 6);
const KINDS = { deflate: ['zlib', 1], deflateRaw: ['raw', 1], gzip: ['gzip', 1], inflate: ['zlib', 0], inflateRaw: ['raw', 0], gunzip: ['gzip', 0], unzip: ['auto', 0] };
class Zlib extends Transform {
  constructor(kind, options) { super(options); Object.defineProperties(this, { kind: { value: kind }, options: { value: options || {} }, parts: { value: [], writable: true } }); this.bytesWritten = 0; }
  _transform(chunk, encoding, callback) { this.parts.push(chunk); this.bytesWritten += chunk.length; callback(); }
  _flush(callback) { let out; try { const all = Buffer.concat(this.parts); this.parts = []; out = exports[`${this.kind}Sync`](all, this.options); } catch (e) { callback(e); return; } for (let at = 0; at < out.length; at += 65536) this.push(out.subarray(at, at + 65536)); callback(); }
  flush(kind, callback) { if (typeof kind === 'function') callback = kind; if (callback) process.nextTick(callback); }
  close(callback) { if (callback) this.once('close', callback); this.destroy(); }
  params(l, s, callback) { process.nextTick(callback); }
  reset() { this.parts = []; }
}
for (const [name, [coat, out]] of Object.entries(KINDS)) {
  exports[`${name}Sync`] = (data, options) => { try { return wrap(out ? binding.deflate(bytes(data), coat, level(options)) : binding.inflate(bytes(data), coat, (options && options.maxOutputLength) || 0)); } catch (e) { throw fix(e); } };
  exports[name] = (data, options, callback) => { if (typeof options === 'function') { callback = options; options = {}; } let result; let error = null; try { result = exports[`${name}Sync`](data, options); } catch (e) { error = e; } setImmediate(() => callback(error, result)); };
  const Class = name[0].toUpperCase() + name.slice(1);
  exports[Class] = function (options) { return new Zlib(name, options); };
  exports[Class].prototype = Zlib.prototype;
  exports[`create${Class}`] = (options) => new Zlib(name, options);
}
exports.crc32 = (data, start = 0) => binding.crc32(bytes(data), start);
for (const name of ['brotliCompress', 'brotliDecompress', 'brotliCompressSync', 'brotliDecompressSync', 'createBrotliCompress', 'createBrotliDecompress']) exports[name] = () => { throw absent(`Brotli (zlib.${name})`, 'use gzip or deflate'); };
exports.constants = { Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6, Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0, Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_CHUNK: 64, Z_MAX_CHUNK: Infinity, Z_DEFAULT_CHUNK: 16384, Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1, BROTLI_OPERATION_FLUSH: 1, BROTLI_OPERATION_FINISH: 2 };
Object.assign(exports, exports.constants);
exports.codes = { Z_OK: 0, Z_DATA_ERROR: -3, Z_BUF_ERROR: -5 };
