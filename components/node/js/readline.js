// Lines from a stream. At a terminal the line discipline of the sandbox edits them.
const EventEmitter = require('events');
const { StringDecoder } = require('string_decoder');
const { AbortError, coded } = require('internal/errors');
class Interface extends EventEmitter {
  constructor(input, output, completer, terminal) {
    super();
    const o = input && typeof input.on === 'function' && !input.input ? { input, output, completer, terminal } : input;
    this.input = o.input;
    this.output = o.output;
    this.terminal = o.terminal ?? !!(o.output && o.output.isTTY);
    this.line = '';
    this.cursor = 0;
    this.history = o.history || [];
    this.closed = false;
    Object.defineProperties(this, { prompt_: { value: o.prompt ?? '> ', writable: true }, rest: { value: '', writable: true }, question_: { value: null, writable: true }, decoder: { value: new StringDecoder('utf8') }, queue: { value: [] }, paused: { value: false, writable: true } });
    const ondata = (chunk) => { this.rest += typeof chunk === 'string' ? chunk : this.decoder.write(chunk); this._lines(false); };
    const onend = () => { this.rest += this.decoder.end(); this._lines(true); this.close(); };
    const onerror = (e) => this.emit('error', e);
    Object.defineProperty(this, 'off_', { value: () => { this.input.removeListener('data', ondata); this.input.removeListener('end', onend); this.input.removeListener('error', onerror); } });
    this.input.on('data', ondata);
    this.input.on('end', onend);
    this.input.on('error', onerror);
    if (this.input.readableEnded) process.nextTick(onend);
    if (o.signal) { if (o.signal.aborted) process.nextTick(() => this.close()); else o.signal.addEventListener('abort', () => this.close(), { once: true }); }
    this.input.resume();
  }
  _lines(end) {
    for (;;) {
      const m = /\r\n|\n|\r(?=[^])|\u2028|\u2029/.exec(this.rest);
      if (!m) break;
      const line = this.rest.slice(0, m.index);
      this.rest = this.rest.slice(m.index + m[0].length);
      this._line(line);
    }
    if (end && this.rest) { const line = this.rest.replace(/\r$/, ''); this.rest = ''; this._line(line); }
  }
  _line(line) {
    if (this.closed) return;
    if (this.terminal && line) this.history.unshift(line);
    if (this.question_) { const q = this.question_; this.question_ = null; q(line); } else this.emit('line', line);
  }
  setPrompt(p) { this.prompt_ = p; }
  getPrompt() { return this.prompt_; }
  prompt() { if (this.paused) this.resume(); if (this.output) this.output.write(this.prompt_); }
  question(query, options, callback) {
    if (typeof options === 'function') { callback = options; options = {}; }
    if (this.closed) throw coded(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
    if (options && options.signal) { if (options.signal.aborted) return; options.signal.addEventListener('abort', () => { this.question_ = null; }, { once: true }); }
    if (this.output) this.output.write(query);
    this.question_ = callback;
  }
  pause() { if (!this.paused) { this.paused = true; this.input.pause(); this.emit('pause'); } return this; }
  resume() { if (this.paused) { this.paused = false; this.input.resume(); this.emit('resume'); } return this; }
  write(data) { if (this.closed) throw coded(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed'); if (data != null) { this.rest += data; this._lines(false); } }
  close() { if (this.closed) return; this.closed = true; this.off_(); if (this.input.pause) this.input.pause(); this.emit('close'); }
  getCursorPos() { return { rows: 0, cols: this.prompt_.length + this.cursor }; }
  async* [Symbol.asyncIterator]() {
    const lines = [];
    let wake = () => {};
    let done = this.closed;
    this.on('line', (l) => { lines.push(l); wake(); });
    this.on('close', () => { done = true; wake(); });
    try { for (;;) { while (lines.length) yield lines.shift(); if (done) return; await new Promise((r) => { wake = r; }); } } finally { this.close(); }
  }
  [Symbol.dispose || Symbol.for('nodejs.dispose')]() { this.close(); }
}
Interface.prototype.question[Symbol.for('nodejs.util.promisify.custom')] = function (q, o) { return new Promise((resolve) => this.question(q, o || {}, resolve)); };
exports.Interface = function (...args) { return new Interface(...args); };
exports.Interface.prototype = Interface.prototype;
exports.createInterface = (...args) => new Interface(...args);
const out = (s, t, cb) => { if (s == null || t === '') { if (cb) process.nextTick(cb, null); return true; } return s.write(t, cb); };
exports.clearLine = (s, d, cb) => out(s, d < 0 ? '\x1b[1K' : d > 0 ? '\x1b[0K' : '\x1b[2K', cb);
exports.clearScreenDown = (s, cb) => out(s, '\x1b[0J', cb);
exports.cursorTo = (s, x, y, cb) => { if (typeof y === 'function') { cb = y; y = undefined; } return out(s, y === undefined ? `\x1b[${x + 1}G` : `\x1b[${y + 1};${x + 1}H`, cb); };
exports.moveCursor = (s, x, y, cb) => out(s, (x < 0 ? `\x1b[${-x}D` : x > 0 ? `\x1b[${x}C` : '') + (y < 0 ? `\x1b[${-y}A` : y > 0 ? `\x1b[${y}B` : ''), cb);
exports.emitKeypressEvents = (stream) => {
  if (stream._keys) return;
  Object.defineProperty(stream, '_keys', { value: true });
  const NAMES = { '\r': 'return', '\n': 'enter', '\t': 'tab', '\x7f': 'backspace', '\b': 'backspace', '\x1b': 'escape', ' ': 'space', '\x1b[A': 'up', '\x1b[B': 'down', '\x1b[C': 'right', '\x1b[D': 'left', '\x1b[H': 'home', '\x1b[F': 'end', '\x1b[3~': 'delete', '\x1b[5~': 'pageup', '\x1b[6~': 'pagedown' };
  stream.on('data', (d) => { for (const s of String(d).match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO.|[^]/gu) || []) { const code = s.charCodeAt(0); const ctrl = s.length === 1 && code < 27 && !NAMES[s]; const name = NAMES[s] || (ctrl ? String.fromCharCode(code + 96) : s.length === 1 ? s.toLowerCase() : undefined); stream.emit('keypress', s.startsWith('\x1b') ? undefined : s, { sequence: s, name, ctrl, meta: false, shift: /^[A-Z]$/.test(s) }); } });
};
Object.defineProperty(exports, 'promises', { enumerable: true, get: () => require('readline/promises') });
void AbortError;
