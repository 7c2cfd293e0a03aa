// Buffer.
const { argType, coded, range } = require('internal/errors');
const MAX = 0x1fffffffffffff;
const kInspect = Symbol.for('nodejs.util.inspect.custom');

function encodingOf(name) {
  if (name === undefined || name === null || name === '' || name === 'utf8') return 'utf8';
  switch (String(name).toLowerCase()) {
    case 'utf8': case 'utf-8': return 'utf8';
    case 'ucs2': case 'ucs-2': case 'utf16le': case 'utf-16le': return 'utf16le';
    case 'latin1': case 'binary': return 'latin1';
    case 'base64': return 'base64';
    case 'base64url': return 'base64url';
    case 'hex': return 'hex';
    case 'ascii': return 'ascii';
    default: return undefined;
  }
}
exports.encodingOf = encodingOf;
function need(name) {
  const encoding = encodingOf(name);
  if (encoding === undefined) throw coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  return encoding;
}

function encode(text, encoding) {
  switch (encoding) {
    case 'utf8': return binding.utf8Encode(text);
    case 'latin1': case 'ascii': {
      const out = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
      return out;
    }
    case 'utf16le': {
      const out = new Uint8Array(text.length * 2);
      for (let i = 0; i < text.length; i++) { const c = text.charCodeAt(i); out[2 * i] = c & 255; out[2 * i + 1] = c >> 8; }
      return out;
    }
    case 'hex': {
      let n = text.length >> 1;
      const out = new Uint8Array(n);
      for (let i = 0; i < n; i++) {
        const pair = text.slice(2 * i, 2 * i + 2);
        if (!/^[0-9a-fA-F]{2}$/.test(pair)) return out.subarray(0, i);
        out[i] = parseInt(pair, 16);
      }
      return out;
    }
    default: return binding.base64Bytes(text);
  }
}
exports.encode = encode;

function decode(bytes, encoding, start, end) {
  switch (encoding) {
    case 'utf8': return binding.utf8Decode(bytes, start, end);
    case 'latin1': return binding.latin1Decode(bytes, start, end);
    case 'ascii': { let s = ''; for (let i = start; i < end; i++) s += String.fromCharCode(bytes[i] & 127); return s; }
    case 'utf16le': return binding.utf16Decode(bytes, start, end);
    case 'hex': return binding.hexDecode(bytes, start, end);
    default: return binding.base64Text(bytes, start, end, encoding === 'base64url');
  }
}
exports.decode = decode;

class FastBuffer extends Uint8Array {}
Object.defineProperty(FastBuffer, 'name', { value: 'Buffer' });
const wrap = (bytes) => new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
exports.wrap = wrap;

function Buffer(value, encodingOrOffset, length) {
  if (typeof value === 'number') return Buffer.alloc(value);
  return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });
Object.defineProperty(Buffer, Symbol.species, { configurable: true, get() { return FastBuffer; } });
Buffer.poolSize = 8192;

function size(n) {
  if (typeof n !== 'number') throw argType('size', 'of type number', n);
  if (!(n >= 0 && n <= MAX)) throw range('size', `>= 0 && <= ${MAX}`, n);
}
Buffer.alloc = function alloc(n, fill, encoding) {
  size(n);
  const out = new FastBuffer(n);
  return fill !== undefined && fill !== 0 ? out.fill(fill, encoding) : out;
};
Buffer.allocUnsafe = Buffer.allocUnsafeSlow = function allocUnsafe(n) { size(n); return new FastBuffer(n); };

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') return wrap(encode(value, need(encodingOrOffset)));
  if (value !== null && typeof value === 'object') {
    if (value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer)) {
      const offset = encodingOrOffset === undefined ? 0 : +encodingOrOffset || 0;
      if (offset > value.byteLength) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
      if (length !== undefined && length > value.byteLength - offset) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
      return new FastBuffer(value, offset, length === undefined ? undefined : Math.max(0, length));
    }
    if (ArrayBuffer.isView(value)) {
      const out = new FastBuffer(value.length);
      out.set(value);
      return out;
    }
    if (value.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data);
    if (typeof value.length === 'number' || Array.isArray(value)) {
      const out = new FastBuffer(value.length > 0 ? value.length : 0);
      for (let i = 0; i < out.length; i++) out[i] = value[i];
      return out;
    }
    const primitive = typeof value.valueOf === 'function' && value.valueOf();
    if (primitive !== value && (typeof primitive === 'string' || (primitive && typeof primitive === 'object'))) return Buffer.from(primitive, encodingOrOffset, length);
    if (typeof value[Symbol.toPrimitive] === 'function') return Buffer.from(value[Symbol.toPrimitive]('string'), encodingOrOffset);
  }
  throw argType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
};
Buffer.of = (...items) => Buffer.from(items);
Buffer.copyBytesFrom = (view, offset = 0, length) => Buffer.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice(offset * view.BYTES_PER_ELEMENT, length === undefined ? undefined : (offset + length) * view.BYTES_PER_ELEMENT));
Buffer.isBuffer = (value) => value instanceof FastBuffer;
Buffer.isEncoding = (name) => typeof name === 'string' && name !== '' && encodingOf(name) !== undefined;
Buffer.byteLength = function byteLength(value, encoding) {
  if (typeof value !== 'string') {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
    throw argType('string', 'of type string or an instance of Buffer or ArrayBuffer', value);
  }
  switch (encodingOf(encoding)) {
    case 'latin1': case 'ascii': return value.length;
    case 'utf16le': return value.length * 2;
    case 'hex': return value.length >>> 1;
    case 'base64': case 'base64url': return Math.floor(value.replace(/=+$/, '').length * 3 / 4);
    default: return binding.utf8Length(value);
  }
};
Buffer.compare = function compare(a, b) {
  if (!(a instanceof Uint8Array)) throw argType('buf1', 'an instance of Buffer or Uint8Array', a);
  if (!(b instanceof Uint8Array)) throw argType('buf2', 'an instance of Buffer or Uint8Array', b);
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
};
Buffer.concat = function concat(list, total) {
  if (!Array.isArray(list)) throw argType('list', 'an instance of Array', list);
  if (total === undefined) total = list.reduce((n, b) => n + b.length, 0);
  const out = Buffer.alloc(total);
  let at = 0;
  list.forEach((item, i) => {
    if (!(item instanceof Uint8Array)) throw argType(`list[${i}]`, 'an instance of Buffer or Uint8Array', item);
    if (at >= total) return;
    const part = at + item.length > total ? item.subarray(0, total - at) : item;
    out.set(part, at);
    at += part.length;
  });
  return out;
};

const methods = {
  toString(encoding, start, end) {
    const length = this.length;
    if (arguments.length === 0) return binding.utf8Decode(this, 0, length);
    start = start === undefined || start < 0 ? 0 : start | 0;
    end = end === undefined || end > length ? length : end | 0;
    if (end <= start) return '';
    return decode(this, need(encoding), start, end);
  },
  toLocaleString(encoding, start, end) { return this.toString(encoding, start, end); },
  toJSON() { return { type: 'Buffer', data: Array.from(this) }; },
  equals(other) {
    if (!(other instanceof Uint8Array)) throw argType('otherBuffer', 'an instance of Buffer or Uint8Array', other);
    return this.length === other.length && Buffer.compare(this, other) === 0;
  },
  compare(target, ts = 0, te = target.length, ss = 0, se = this.length) { return Buffer.compare(this.subarray(ss, se), target.subarray(ts, te)); },
  copy(target, at = 0, start = 0, end = this.length) {
    if (start >= end || at >= target.length) return 0;
    const part = this.subarray(start, Math.min(end, start + target.length - at));
    target.set(part, at);
    return part.length;
  },
  slice(start, end) { return this.subarray(start, end); },
  subarray(start, end) {
    const length = this.length;
    const fix = (n, other) => { n = n === undefined ? other : Math.trunc(+n) || 0; return n < 0 ? Math.max(0, length + n) : Math.min(n, length); };
    start = fix(start, 0);
    end = Math.max(start, fix(end, length));
    return new FastBuffer(this.buffer, this.byteOffset + start, end - start);
  },
  write(text, offset, length, encoding) {
    if (typeof text !== 'string') throw argType('argument', 'of type string', text);
    if (typeof offset === 'string') { encoding = offset; offset = 0; length = undefined; }
    else if (typeof length === 'string') { encoding = length; length = undefined; }
    offset = offset === undefined ? 0 : offset >>> 0;
    if (offset > this.length) throw range('offset', `>= 0 && <= ${this.length}`, offset);
    const room = Math.min(length === undefined ? Infinity : length, this.length - offset);
    encoding = need(encoding);
    if (encoding === 'utf8') return binding.utf8Write(text, this, offset, room)[0];
    let bytes = encode(text, encoding);
    if (bytes.length > room) bytes = bytes.subarray(0, encoding === 'utf16le' ? room & ~1 : room);
    this.set(bytes, offset);
    return bytes.length;
  },
  fill(value, offset, end, encoding) {
    if (typeof offset === 'string') { encoding = offset; offset = 0; end = this.length; }
    else if (typeof end === 'string') { encoding = end; end = this.length; }
    offset = offset === undefined ? 0 : offset;
    end = end === undefined ? this.length : end;
    if (offset < 0 || end > this.length) throw range('offset', `>= 0 && <= ${this.length}`, offset);
    if (typeof value === 'string') {
      if (value.length === 0) value = 0;
      else value = encode(value, need(encoding));
      if (value.length === 1) value = value[0];
    } else if (typeof value === 'boolean') value = +value;
    if (value instanceof Uint8Array) {
      if (value.length === 0) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'value' is invalid. Received ${require('util').inspect(value)}`);
      for (let i = offset; i < end; i++) this[i] = value[(i - offset) % value.length];
    } else Uint8Array.prototype.fill.call(this, value & 255, offset, end);
    return this;
  },
  indexOf(value, from, encoding) { return search(this, value, from, encoding, false); },
  lastIndexOf(value, from, encoding) { return search(this, value, from, encoding, true); },
  includes(value, from, encoding) { return this.indexOf(value, from, encoding) !== -1; },
  swap16() { for (let i = 0; i + 1 < this.length; i += 2) [this[i], this[i + 1]] = [this[i + 1], this[i]]; return this; },
  swap32() { for (let i = 0; i + 3 < this.length; i += 4) this.subarray(i, i + 4).reverse(); return this; },
  swap64() { for (let i = 0; i + 7 < this.length; i += 8) this.subarray(i, i + 8).reverse(); return this; },
  inspect() { return this[kInspect](); },
  [kInspect](_, options) {
    const most = exports.INSPECT_MAX_BYTES;
    let text = '';
    for (let i = 0; i < Math.min(most, this.length); i++) text += (i ? ' ' : '') + this[i].toString(16).padStart(2, '0');
    const more = this.length - most;
    if (more > 0) text += ` ... ${more} more byte${more > 1 ? 's' : ''}`;
    return `<${this.constructor.name === 'FastBuffer' ? 'Buffer' : this.constructor.name}${text ? ' ' + text : ''}>`;
  },
};

function search(hay, value, from, encoding, last) {
  if (typeof from === 'string') { encoding = from; from = undefined; }
  from = from === undefined || Number.isNaN(+from) ? (last ? hay.length : 0) : Math.trunc(+from);
  if (from < 0) from = Math.max(last ? -1 : 0, hay.length + from);
  if (last && from < 0) return -1;
  let needle;
  if (typeof value === 'number') needle = Uint8Array.of(value & 255);
  else if (typeof value === 'string') needle = encode(value, need(encoding));
  else if (value instanceof Uint8Array) needle = value;
  else throw argType('value', 'one of type number or string or an instance of Buffer or Uint8Array', value);
  if (!last && from > hay.length) return needle.length === 0 ? hay.length : -1;
  return binding.indexOfBytes(hay, needle, from, last);
}

function bounds(buffer, offset, length) {
  if (typeof offset !== 'number') throw argType('offset', 'of type number', offset);
  if (!Number.isInteger(offset)) throw range('offset', 'an integer', offset);
  if (offset < 0 || offset + length > buffer.length) {
    if (buffer.length < length) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
    throw range('offset', `>= 0 and <= ${buffer.length - length}`, offset);
  }
}
const view = (b) => new DataView(b.buffer, b.byteOffset, b.byteLength);
const kinds = [
  ['UInt8', 1, 'Uint8', 0, 255], ['Int8', 1, 'Int8', -128, 127], ['UInt16', 2, 'Uint16', 0, 65535], ['Int16', 2, 'Int16', -32768, 32767],
  ['UInt32', 4, 'Uint32', 0, 4294967295], ['Int32', 4, 'Int32', -2147483648, 2147483647], ['Float', 4, 'Float32'], ['Double', 8, 'Float64'],
  ['BigInt64', 8, 'BigInt64', -(2n ** 63n), 2n ** 63n - 1n], ['BigUInt64', 8, 'BigUint64', 0n, 2n ** 64n - 1n],
];
for (const [name, bytes, kind, least, most] of kinds) {
  for (const end of bytes === 1 ? [''] : ['LE', 'BE']) {
    const little = end === 'LE';
    const get = DataView.prototype[`get${kind}`];
    const set = DataView.prototype[`set${kind}`];
    const read = function (offset = 0) { bounds(this, offset, bytes); return get.call(view(this), offset, little); };
    const write = function (value, offset = 0) {
      if (typeof least !== 'bigint') value = +value;
      if (least !== undefined && (value < least || value > most)) throw range('value', `>= ${least}${typeof least === 'bigint' ? 'n' : ''} and <= ${most}${typeof least === 'bigint' ? 'n' : ''}`, value);
      bounds(this, offset, bytes);
      set.call(view(this), offset, value, little);
      return offset + bytes;
    };
    methods[`read${name}${end}`] = read;
    methods[`write${name}${end}`] = write;
    if (name.includes('UInt')) {
      methods[`read${name.replace('UInt', 'Uint')}${end}`] = read;
      methods[`write${name.replace('UInt', 'Uint')}${end}`] = write;
    }
  }
}
for (const little of [true, false]) {
  const end = little ? 'LE' : 'BE';
  const at = (i, n) => (little ? i : n - 1 - i);
  methods[`readUInt${end}`] = methods[`readUint${end}`] = function (offset, n) { bounds(this, offset, n); let v = 0; for (let i = n - 1; i >= 0; i--) v = v * 256 + this[offset + at(i, n)]; return v; };
  methods[`readInt${end}`] = function (offset, n) { const v = this[`readUInt${end}`](offset, n); return v >= 2 ** (8 * n - 1) ? v - 2 ** (8 * n) : v; };
  methods[`writeUInt${end}`] = methods[`writeUint${end}`] = methods[`writeInt${end}`] = function (value, offset, n) {
    bounds(this, offset, n);
    if (value < 0) value += 2 ** (8 * n);
    for (let i = 0; i < n; i++) { this[offset + at(i, n)] = value % 256; value = Math.floor(value / 256); }
    return offset + n;
  };
}
for (const encoding of ['utf8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'ucs2', 'utf16le']) {
  methods[`${encoding}Slice`] = function (start, end) { return this.toString(encoding, start, end); };
  methods[`${encoding}Write`] = function (text, offset, length) { return this.write(text, offset, length, encoding); };
}
for (const name of Reflect.ownKeys(methods)) Object.defineProperty(Buffer.prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: false });
Object.defineProperty(Buffer.prototype, 'parent', { get() { return this.buffer; }, configurable: true });
Object.defineProperty(Buffer.prototype, 'offset', { get() { return this.byteOffset; }, configurable: true });

function SlowBuffer(n) { return Buffer.alloc(+n); }
exports.Buffer = Buffer;
exports.SlowBuffer = SlowBuffer;
exports.INSPECT_MAX_BYTES = 50;
exports.kMaxLength = MAX;
exports.kStringMaxLength = 0x3fffffff;
exports.constants = { MAX_LENGTH: MAX, MAX_STRING_LENGTH: 0x3fffffff };
exports.atob = (text) => {
  text = String(text).replace(/[\t\n\f\r ]/g, '');
  if (/[^A-Za-z0-9+/=]/.test(text) || text.replace(/=+$/, '').length % 4 === 1) throw new DOMException('The string to be decoded is not correctly encoded.', 'InvalidCharacterError');
  return Buffer.from(text, 'base64').latin1Slice();
};
exports.btoa = (text) => {
  text = String(text);
  if (/[^\0-\xff]/.test(text)) throw new DOMException('Invalid character', 'InvalidCharacterError');
  return Buffer.from(text, 'latin1').toString('base64');
};
exports.isUtf8 = (b) => binding.utf8Valid(b instanceof Uint8Array ? b : new Uint8Array(b));
exports.isAscii = (b) => (b instanceof Uint8Array ? b : new Uint8Array(b)).every((x) => x < 128);
exports.transcode = (b, from, to) => Buffer.from(b.toString(from), to);
exports.resolveObjectURL = () => undefined;
for (const name of ['Blob', 'File']) Object.defineProperty(exports, name, { enumerable: true, get: () => globalThis[name] });
