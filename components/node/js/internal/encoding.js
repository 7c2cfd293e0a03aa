// TextEncoder and TextDecoder.
const { decode, encodingOf } = require('buffer');
class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(text = '') { return binding.utf8Encode(`${text}`); }
  encodeInto(text, target) { const [written, read] = binding.utf8Write(`${text}`, target, 0, target.length); return { read, written }; }
}
const LABELS = { 'utf-8': 'utf-8', utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'utf-16le': 'utf-16le', 'utf-16': 'utf-16le', ucs2: 'utf-16le', latin1: 'windows-1252', 'iso-8859-1': 'windows-1252', ascii: 'windows-1252', 'us-ascii': 'windows-1252', 'windows-1252': 'windows-1252' };
class TextDecoder {
  #rest = new Uint8Array(0);
  #start = true;
  constructor(label = 'utf-8', options = {}) {
    const encoding = LABELS[String(label).trim().toLowerCase()];
    if (!encoding) throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: 'ERR_ENCODING_NOT_SUPPORTED' });
    Object.defineProperties(this, { encoding: { value: encoding, enumerable: true }, fatal: { value: !!options.fatal, enumerable: true }, ignoreBOM: { value: !!options.ignoreBOM, enumerable: true } });
  }
  decode(input = new Uint8Array(0), options = {}) {
    let bytes = input instanceof Uint8Array ? input : ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
    if (this.#rest.length) { const all = new Uint8Array(this.#rest.length + bytes.length); all.set(this.#rest); all.set(bytes, this.#rest.length); bytes = all; this.#rest = new Uint8Array(0); }
    let end = bytes.length;
    if (options.stream) {
      if (this.encoding === 'utf-16le') end &= ~1;
      else if (this.encoding === 'utf-8') end = whole(bytes);
      this.#rest = bytes.slice(end);
    }
    const part = bytes.subarray(0, end);
    if (this.fatal && this.encoding === 'utf-8' && !binding.utf8Valid(part)) throw Object.assign(new TypeError('The encoded data was not valid for encoding utf-8'), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
    let text = decode(part, this.encoding === 'utf-16le' ? 'utf16le' : this.encoding === 'utf-8' ? 'utf8' : 'latin1', 0, end);
    if (this.#start && !this.ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#start = !options.stream ? true : this.#start && end === 0;
    return text;
  }
}
// Bytes up to the last whole character.
function whole(bytes) {
  const n = bytes.length;
  for (let back = 1; back <= Math.min(3, n); back++) {
    const b = bytes[n - back];
    if ((b & 0xc0) === 0x80) continue;
    const need = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
    return need > back ? n - back : n;
  }
  return n;
}
exports.whole = whole;
exports.TextEncoder = TextEncoder;
exports.TextDecoder = TextDecoder;
void encodingOf;
