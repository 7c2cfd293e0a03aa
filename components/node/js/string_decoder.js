// StringDecoder.
const { whole } = require('internal/encoding');
const { Buffer, encodingOf } = require('buffer');
class StringDecoder {
  constructor(encoding) {
    this.encoding = encodingOf(encoding);
    if (!this.encoding) throw require('internal/errors').coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
    this.rest = Buffer.alloc(0);
  }
  write(chunk) {
    if (typeof chunk === 'string') return chunk;
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.rest.length) bytes = Buffer.concat([this.rest, bytes]);
    let end = bytes.length;
    if (this.encoding === 'utf8') end = whole(bytes);
    else if (this.encoding === 'utf16le') { end &= ~1; if (end >= 2 && (bytes[end - 1] & 0xfc) === 0xd8) end -= 2; }
    else if (this.encoding.startsWith('base64')) end -= end % 3;
    this.rest = Buffer.from(bytes.subarray(end));
    return bytes.toString(this.encoding, 0, end);
  }
  end(chunk) {
    let text = chunk === undefined ? '' : this.write(chunk);
    if (this.rest.length) text += this.encoding === 'utf16le' ? this.rest.toString('utf16le') : this.encoding === 'utf8' ? '\ufffd' : this.rest.toString(this.encoding);
    this.rest = Buffer.alloc(0);
    return text;
  }
  get lastNeed() { return this.rest.length; }
}
exports.StringDecoder = StringDecoder;
