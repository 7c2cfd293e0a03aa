// Streams.
const EventEmitter = require('events');
const { Buffer } = require('buffer');
const { coded, argType, AbortError } = require('internal/errors');

function Stream(options) { EventEmitter.call(this, options); }
Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);
Stream.prototype.pipe = function (dest) { this.on('data', (c) => { if (dest.write(c) === false && this.pause) this.pause(); }); dest.on('drain', () => this.resume && this.resume()); this.on('end', () => dest.end && dest.end()); dest.emit('pipe', this); return dest; };
module.exports = Stream;
Stream.Stream = Stream;

let highWater = 65536;
let highWaterObjects = 16;
Stream.getDefaultHighWaterMark = (objects) => (objects ? highWaterObjects : highWater);
Stream.setDefaultHighWaterMark = (objects, n) => { if (objects) highWaterObjects = n; else highWater = n; };
const mark = (options, mode, side) => { const n = options && (options[`${side}HighWaterMark`] ?? options.highWaterMark); return n != null ? Math.floor(n) : Stream.getDefaultHighWaterMark(mode); };
const tick = (...args) => process.nextTick(...args);

function destroy(error, callback) {
  const r = this._readableState;
  const w = this._writableState;
  if ((r && r.destroyed) || (w && w.destroyed)) { if (typeof callback === 'function') callback(); return this; }
  for (const s of [r, w]) if (s) { s.destroyed = true; if (error) s.errored ??= error; }
  const run = () => {
    let done = false;
    const finish = (e) => {
      if (done) return;
      done = true;
      e = e || error;
      for (const s of [r, w]) if (s) { s.closed = true; if (e) s.errored ??= e; }
      if (typeof callback === 'function') callback(e);
      tick(() => {
        if (e && !(r && r.errorEmitted) && !(w && w.errorEmitted)) { if (r) r.errorEmitted = true; if (w) w.errorEmitted = true; this.emit('error', e); }
        if (r) r.closeEmitted = true;
        if (w) w.closeEmitted = true;
        if (!((r && r.emitClose === false) || (w && w.emitClose === false))) this.emit('close');
      });
    };
    try { const p = this._destroy(error || null, finish); if (p && typeof p.then === 'function') p.then(() => finish(), finish); } catch (e) { finish(e); }
  };
  if ((r && r.constructed === false) || (w && w.constructed === false)) this.once('_constructed', run);
  else run();
  return this;
}
function construct(stream) {
  if (typeof stream._construct !== 'function') return;
  for (const s of [stream._readableState, stream._writableState]) if (s) s.constructed = false;
  tick(() => {
    const done = (error) => {
      for (const s of [stream._readableState, stream._writableState]) if (s) s.constructed = true;
      stream.emit('_constructed');
      if (error) stream.destroy(error);
      else { if (stream._readableState && stream._readableState.wantsRead) stream.read(0); if (stream._writableState) pump(stream, stream._writableState); }
    };
    try { stream._construct(done); } catch (e) { done(e); }
  });
}
const autoDestroy = (stream) => {
  const r = stream._readableState;
  const w = stream._writableState;
  if ((r && (!r.autoDestroy || !r.endEmitted)) || (w && (!w.autoDestroy || !w.finished))) {
    if (r && r.autoDestroy && r.endEmitted && w && !w.finished && stream.writable === false) { /* wait for finish */ }
    return;
  }
  stream.destroy();
};

// --- Readable
function ReadableState(options, duplex) {
  options = options || {};
  this.objectMode = !!(options.objectMode || (duplex && options.readableObjectMode));
  this.highWaterMark = mark(options, this.objectMode, 'readable');
  this.buffer = [];
  this.length = 0;
  this.pipes = [];
  this.flowing = null;
  this.ended = this.endEmitted = this.reading = this.destroyed = this.closed = this.closeEmitted = this.errorEmitted = false;
  this.constructed = true;
  this.errored = null;
  this.readableListening = false;
  this.resumeScheduled = this.emittedReadable = this.needReadable = this.sync = false;
  this.autoDestroy = options.autoDestroy !== false;
  this.emitClose = options.emitClose !== false;
  this.defaultEncoding = options.defaultEncoding || 'utf8';
  this.awaitDrain = new Set();
  this.decoder = null;
  this.encoding = null;
  this.dataEmitted = false;
  if (options.encoding) this.setEncoding(options.encoding);
}
ReadableState.prototype.setEncoding = function (encoding) { const { StringDecoder } = require('string_decoder'); this.decoder = new StringDecoder(encoding); this.encoding = this.decoder.encoding; };
function Readable(options) {
  if (!(this instanceof Readable)) return new Readable(options);
  this._readableState ||= new ReadableState(options, this instanceof Duplex);
  if (options) {
    if (typeof options.read === 'function') this._read = options.read;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (typeof options.construct === 'function') this._construct = options.construct;
    if (options.signal) addAbort(options.signal, this);
  }
  Stream.call(this, options);
  if (!(this instanceof Duplex)) construct(this);
}
Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);
Stream.Readable = Readable;
Readable.ReadableState = ReadableState;
const R = Readable.prototype;
R.destroy = destroy;
R._undestroy = function () {};
R._destroy = function (error, callback) { callback(error); };
R[EventEmitter.captureRejectionSymbol] = function (e) { this.destroy(e); };
R._read = function () { throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _read() method is not implemented'); };
R.push = function (chunk, encoding) { return add(this, chunk, encoding, false); };
R.unshift = function (chunk, encoding) { return add(this, chunk, encoding, true); };
function add(stream, chunk, encoding, front) {
  const s = stream._readableState;
  if (chunk === null) { s.reading = false; end(stream, s); return false; }
  if (!s.objectMode) {
    if (typeof chunk === 'string') {
      encoding = encoding || s.defaultEncoding;
      if (s.encoding !== encoding || front) { if (s.encoding && front) chunk = Buffer.from(chunk, encoding).toString(s.encoding); else if (!(s.encoding && s.encoding === encoding)) { chunk = Buffer.from(chunk, encoding); encoding = ''; } }
    } else if (chunk instanceof Uint8Array) { if (!Buffer.isBuffer(chunk)) chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength); encoding = ''; }
    else if (chunk !== undefined) { stream.destroy(argType('chunk', 'of type string or an instance of Buffer, TypedArray, or DataView', chunk)); return false; }
    if (chunk === undefined || chunk.length === 0) { s.reading = false; more(stream, s); return s.length < s.highWaterMark; }
  }
  if (front) { if (s.endEmitted) stream.destroy(coded(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', 'stream.unshift() after end event')); else if (!s.destroyed) put(stream, s, chunk, true); }
  else if (s.ended) { stream.destroy(coded(Error, 'ERR_STREAM_PUSH_AFTER_EOF', 'stream.push() after EOF')); return false; }
  else if (s.destroyed || s.errored) return false;
  else {
    s.reading = false;
    if (s.decoder && !encoding && typeof chunk !== 'string') { chunk = s.decoder.write(chunk); if (chunk.length === 0) { more(stream, s); return true; } }
    put(stream, s, chunk, false);
  }
  return !s.ended && (s.length < s.highWaterMark || s.length === 0);
}
function put(stream, s, chunk, front) {
  if (s.flowing && s.length === 0 && !s.sync && stream.listenerCount('data') > 0) {
    s.awaitDrain.clear();
    s.dataEmitted = true;
    stream.emit('data', chunk);
  } else {
    s.length += s.objectMode ? 1 : chunk.length;
    if (front) s.buffer.unshift(chunk); else s.buffer.push(chunk);
    if (s.needReadable) emitReadable(stream);
  }
  more(stream, s);
}
function more(stream, s) {
  if (s.readingMore || !s.constructed) return;
  s.readingMore = true;
  tick(() => {
    while (!s.reading && !s.ended && !s.destroyed && (s.length < s.highWaterMark || (s.flowing && s.length === 0))) {
      const before = s.length;
      stream.read(0);
      if (before === s.length) break;
    }
    s.readingMore = false;
  });
}
function end(stream, s) {
  if (s.ended) return;
  if (s.decoder) { const rest = s.decoder.end(); if (rest && rest.length) { s.buffer.push(rest); s.length += s.objectMode ? 1 : rest.length; } }
  s.ended = true;
  if (s.sync) emitReadable(stream);
  else { s.needReadable = false; s.emittedReadable = true; emitReadableNow(stream); }
}
function emitReadable(stream) {
  const s = stream._readableState;
  s.needReadable = false;
  if (!s.emittedReadable) { s.emittedReadable = true; tick(emitReadableNow, stream); }
}
function emitReadableNow(stream) {
  const s = stream._readableState;
  if (!s.destroyed && !s.errored && (s.length || s.ended)) { stream.emit('readable'); s.emittedReadable = false; }
  s.needReadable = !s.flowing && !s.ended && s.length <= s.highWaterMark;
  flow(stream);
}
function take(n, s) {
  if (s.length === 0) return null;
  let out;
  if (s.objectMode) out = s.buffer.shift();
  else if (!n || n >= s.length) {
    out = s.decoder ? s.buffer.join('') : s.buffer.length === 1 ? s.buffer[0] : Buffer.concat(s.buffer);
    s.buffer = [];
  } else {
    const parts = [];
    let left = n;
    while (left > 0) {
      const head = s.buffer[0];
      if (head.length <= left) { parts.push(head); s.buffer.shift(); left -= head.length; } else { parts.push(head.slice(0, left)); s.buffer[0] = head.slice(left); left = 0; }
    }
    out = s.decoder ? parts.join('') : parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
  return out;
}
R.read = function read(n) {
  const s = this._readableState;
  if (n === undefined) n = NaN; else n = parseInt(n, 10);
  const asked = n;
  if (n > s.highWaterMark) s.highWaterMark = n;
  if (n !== 0) s.emittedReadable = false;
  if (n === 0 && s.needReadable && ((s.highWaterMark !== 0 ? s.length >= s.highWaterMark : s.length > 0) || s.ended)) { if (s.length === 0 && s.ended) endReadable(this); else emitReadable(this); return null; }
  const amount = () => (n <= 0 || (s.length === 0 && s.ended) ? 0 : s.objectMode ? 1 : Number.isNaN(n) ? (s.flowing && s.length ? s.buffer[0].length : s.length) : n <= s.length ? n : s.ended ? s.length : 0);
  let count = amount();
  if (count === 0 && s.ended) { if (s.length === 0) endReadable(this); return null; }
  let doRead = s.needReadable || s.length === 0 || s.length - count < s.highWaterMark;
  if (s.ended || s.reading || s.destroyed || s.errored || !s.constructed) { doRead = false; if (!s.constructed) s.wantsRead = true; }
  if (doRead) {
    s.reading = true;
    s.sync = true;
    if (s.length === 0) s.needReadable = true;
    try { this._read(s.highWaterMark); } catch (e) { this.destroy(e); }
    s.sync = false;
    if (!s.reading) count = asked === 0 ? 0 : amount();
  }
  let out = count > 0 ? take(count, s) : null;
  if (out === null) { s.needReadable = s.length <= s.highWaterMark; count = 0; }
  else { s.length -= s.objectMode ? 1 : out.length; s.awaitDrain.clear(); }
  if (s.length === 0) { if (!s.ended) s.needReadable = true; if (asked !== count && s.ended) endReadable(this); }
  if (out !== null && !s.errored && !s.closeEmitted) { s.dataEmitted = true; this.emit('data', out); }
  return out;
};
function endReadable(stream) {
  const s = stream._readableState;
  if (s.endEmitted) return;
  s.ended = true;
  tick(() => {
    if (s.endEmitted || s.length !== 0 || s.errored || s.closeEmitted) return;
    s.endEmitted = true;
    stream.emit('end');
    if (stream.allowHalfOpen === false && stream.writable) tick(() => { if (stream.writable && !stream.writableEnded && !stream.destroyed) stream.end(); });
    autoDestroy(stream);
  });
}
R.setEncoding = function (encoding) {
  const s = this._readableState;
  s.setEncoding(encoding);
  let text = '';
  for (const c of s.buffer) text += s.decoder.write(c);
  s.buffer = text ? [text] : [];
  s.length = text.length;
  return this;
};
R.on = function (name, fn) {
  const result = Stream.prototype.on.call(this, name, fn);
  const s = this._readableState;
  if (name === 'data') { s.readableListening = this.listenerCount('readable') > 0; if (s.flowing !== false) this.resume(); }
  else if (name === 'readable' && !s.endEmitted && !s.readableListening) {
    s.readableListening = s.needReadable = true;
    s.flowing = false;
    s.emittedReadable = false;
    if (s.length) emitReadable(this); else if (!s.reading) tick(() => this.read(0));
  }
  return result;
};
R.addListener = R.on;
R.removeListener = function (name, fn) { const result = Stream.prototype.removeListener.call(this, name, fn); if (name === 'readable') tick(() => updateListening(this)); return result; };
R.off = R.removeListener;
R.removeAllListeners = function (...args) { const result = Stream.prototype.removeAllListeners.apply(this, args); if (args[0] === 'readable' || !args.length) tick(() => updateListening(this)); return result; };
function updateListening(stream) { const s = stream._readableState; s.readableListening = stream.listenerCount('readable') > 0; if (s.resumeScheduled && !s.paused) s.flowing = true; else if (stream.listenerCount('data') > 0) stream.resume(); else if (!s.readableListening) s.flowing = null; }
R.resume = function () {
  const s = this._readableState;
  if (!s.flowing) {
    s.flowing = !s.readableListening;
    if (!s.resumeScheduled) {
      s.resumeScheduled = true;
      tick(() => { if (!s.reading) this.read(0); s.resumeScheduled = false; this.emit('resume'); flow(this); if (s.flowing && !s.reading) this.read(0); });
    }
  }
  s.paused = false;
  return this;
};
R.pause = function () { const s = this._readableState; if (s.flowing !== false) { s.flowing = false; this.emit('pause'); } s.paused = true; return this; };
R.isPaused = function () { return this._readableState.paused === true || this._readableState.flowing === false; };
function flow(stream) { const s = stream._readableState; while (s.flowing && stream.read() !== null); }
R.pipe = function pipe(dest, options) {
  const src = this;
  const s = this._readableState;
  s.pipes.push(dest);
  const doEnd = (!options || options.end !== false) && dest !== process.stdout && dest !== process.stderr;
  const onend = () => dest.end();
  const endFn = doEnd ? onend : unpipe;
  if (s.endEmitted) tick(endFn); else src.once('end', endFn);
  const onunpipe = (which, info) => { if (which === src && info && !info.done) { info.done = true; cleanup(); } };
  dest.on('unpipe', onunpipe);
  const ondrain = () => { s.awaitDrain.delete(dest); if (!s.awaitDrain.size && src.listenerCount('data')) { src.resume(); } };
  let drains = false;
  const ondata = (chunk) => { if (dest.write(chunk) === false) { s.awaitDrain.add(dest); src.pause(); if (!drains) { drains = true; dest.on('drain', ondrain); } } };
  src.on('data', ondata);
  const onerror = (error) => { unpipe(); dest.removeListener('error', onerror); if (dest.listenerCount('error') === 0) { const w = dest._writableState; if (w && !w.errorEmitted) dest.destroy(error); else dest.emit('error', error); } };
  dest.prependListener('error', onerror);
  const onclose = () => { dest.removeListener('finish', onfinish); unpipe(); };
  const onfinish = () => { dest.removeListener('close', onclose); unpipe(); };
  dest.once('close', onclose);
  dest.once('finish', onfinish);
  function unpipe() { src.unpipe(dest); }
  function cleanup() {
    dest.removeListener('close', onclose); dest.removeListener('finish', onfinish); dest.removeListener('drain', ondrain);
    dest.removeListener('error', onerror); dest.removeListener('unpipe', onunpipe); src.removeListener('end', onend); src.removeListener('end', unpipe); src.removeListener('data', ondata);
    if (s.awaitDrain.has(dest)) ondrain();
  }
  dest.emit('pipe', src);
  if (dest.writableNeedDrain === true) { s.awaitDrain.add(dest); src.pause(); if (!drains) { drains = true; dest.on('drain', ondrain); } } else if (!s.flowing) src.resume();
  return dest;
};
R.unpipe = function (dest) {
  const s = this._readableState;
  if (!s.pipes.length) return this;
  const gone = dest ? s.pipes.filter((p) => p === dest) : s.pipes;
  s.pipes = dest ? s.pipes.filter((p) => p !== dest) : [];
  if (!s.pipes.length && !dest) this.pause();
  for (const p of gone) p.emit('unpipe', this, { done: false });
  return this;
};
R.wrap = function (old) { old.on('data', (c) => { if (!this.push(c) && old.pause) old.pause(); }); old.on('end', () => this.push(null)); old.on('error', (e) => this.destroy(e)); this._read = () => old.resume && old.resume(); return this; };
R[Symbol.asyncIterator] = function () { return iterate(this); };
R.iterator = function (options) { return iterate(this, options); };
async function* iterate(stream, options) {
  let wake = () => {};
  const next = () => wake();
  stream.on('readable', next);
  let error;
  let done = false;
  const stop = eos(stream, { writable: false }, (e) => { error = e || null; done = true; wake(); });
  try {
    for (;;) {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) yield chunk;
      else if (error) throw error;
      else if (done) return;
      else await new Promise((resolve) => { wake = resolve; if (done || stream.readableLength) resolve(); });
    }
  } catch (e) { error = e; throw e; }
  finally {
    stop();
    stream.off('readable', next);
    if ((error || !options || options.destroyOnReturn !== false) && (error === undefined || stream._readableState.autoDestroy)) stream.destroy(error && !stream.destroyed ? undefined : undefined);
  }
}
const readableProps = {
  readable: { get() { const s = this._readableState; return !!s && s.readable !== false && !s.destroyed && !s.errorEmitted && !s.endEmitted; }, set(v) { if (this._readableState) this._readableState.readable = !!v; } },
  readableDidRead: { get() { return this._readableState.dataEmitted; } },
  readableAborted: { get() { const s = this._readableState; return (s.destroyed || !!s.errored) && !s.endEmitted; } },
  readableHighWaterMark: { get() { return this._readableState.highWaterMark; } },
  readableBuffer: { get() { return this._readableState.buffer; } },
  readableFlowing: { get() { return this._readableState.flowing; }, set(v) { this._readableState.flowing = v; } },
  readableLength: { get() { return this._readableState.length; } },
  readableObjectMode: { get() { return !!this._readableState && this._readableState.objectMode; } },
  readableEncoding: { get() { return this._readableState ? this._readableState.encoding : null; } },
  readableEnded: { get() { return !!this._readableState && this._readableState.endEmitted; } },
  errored: { get() { return (this._readableState && this._readableState.errored) || (this._writableState && this._writableState.errored) || null; } },
  closed: { get() { const r = this._readableState; const w = this._writableState; return (!r || r.closed) && (!w || w.closed); } },
  destroyed: { get() { return !!((this._readableState && this._readableState.destroyed) || (this._writableState && this._writableState.destroyed)); }, set(v) { if (this._readableState) this._readableState.destroyed = v; if (this._writableState) this._writableState.destroyed = v; } },
};
for (const d of Object.values(readableProps)) { d.configurable = true; d.enumerable = false; }
Object.defineProperties(R, readableProps);
Readable.from = function (source, options) {
  if (typeof source === 'string' || Buffer.isBuffer(source)) return new Readable({ objectMode: true, ...options, read() { this.push(source); this.push(null); } });
  const iterator = source && source[Symbol.asyncIterator] ? source[Symbol.asyncIterator]() : source && source[Symbol.iterator] ? source[Symbol.iterator]() : null;
  if (!iterator) throw argType('iterable', 'an instance of Iterable', source);
  let busy = false;
  const stream = new Readable({
    objectMode: true, highWaterMark: 1, ...options,
    read() { if (!busy) { busy = true; next(); } },
    destroy(error, callback) { Promise.resolve(iterator.return ? iterator.return() : undefined).then(() => callback(error), (e) => callback(error || e)); },
  });
  async function next() {
    for (;;) {
      try {
        const { value, done } = await iterator.next();
        if (done) { stream.push(null); return; }
        const v = value && typeof value.then === 'function' ? await value : value;
        if (v === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
        if (stream.push(v)) continue;
        busy = false;
      } catch (e) { stream.destroy(e); }
      return;
    }
  }
  return stream;
};
Readable.fromWeb = (web, options) => Readable.from(web, { objectMode: false, ...options });
Readable.toWeb = (stream) => new ReadableStream({ start(c) { stream.on('data', (d) => { c.enqueue(new Uint8Array(d.buffer ? d : Buffer.from(d))); if (c.desiredSize <= 0) stream.pause(); }); eos(stream, { writable: false }, (e) => { try { if (e) c.error(e); else c.close(); } catch {} }); }, pull() { stream.resume(); }, cancel(r) { stream.destroy(r); } });
Readable.wrap = (src, options) => new Readable(options).wrap(src);
Readable._fromList = take;
const operators = {
  async* map(fn) { for await (const v of this) yield await fn(v, {}); }, async* filter(fn) { for await (const v of this) if (await fn(v, {})) yield v; },
  async* flatMap(fn) { for await (const v of this) yield* await fn(v, {}); }, async* take(n) { if (n <= 0) return; for await (const v of this) { yield v; if (--n <= 0) return; } }, async* drop(n) { for await (const v of this) if (n-- <= 0) yield v; },
};
for (const [name, fn] of Object.entries(operators)) R[name] = function (...args) { return Readable.from(fn.apply(this, args)); };
Object.assign(R, {
  async toArray() { const out = []; for await (const v of this) out.push(v); return out; }, async forEach(fn) { for await (const v of this) await fn(v, {}); },
  async reduce(fn, initial) { let has = arguments.length > 1; let acc = initial; for await (const v of this) { if (!has) { acc = v; has = true; } else acc = await fn(acc, v, {}); } return acc; },
  async some(fn) { for await (const v of this) if (await fn(v, {})) return true; return false; }, async every(fn) { for await (const v of this) if (!await fn(v, {})) return false; return true; }, async find(fn) { for await (const v of this) if (await fn(v, {})) return v; return undefined; },
});

// --- Writable
function WritableState(options, duplex) {
  options = options || {};
  this.objectMode = !!(options.objectMode || (duplex && options.writableObjectMode));
  this.highWaterMark = mark(options, this.objectMode, 'writable');
  this.finalCalled = this.needDrain = this.ending = this.ended = this.finished = this.destroyed = this.closed = this.closeEmitted = this.errorEmitted = this.writing = this.sync = this.bufferProcessing = this.prefinished = false;
  this.constructed = true;
  this.errored = null;
  this.decodeStrings = options.decodeStrings !== false;
  this.defaultEncoding = options.defaultEncoding || 'utf8';
  this.length = 0;
  this.corked = 0;
  this.queue = [];
  this.pendingcb = 0;
  this.autoDestroy = options.autoDestroy !== false;
  this.emitClose = options.emitClose !== false;
}
WritableState.prototype.getBuffer = function () { return this.queue; };
Object.defineProperty(WritableState.prototype, 'bufferedRequestCount', { get() { return this.queue.length; } });
function Writable(options) {
  if (!(this instanceof Writable) && !(this instanceof Duplex)) return new Writable(options);
  this._writableState ||= new WritableState(options, this instanceof Duplex);
  if (options) {
    for (const [k, m] of [['write', '_write'], ['writev', '_writev'], ['destroy', '_destroy'], ['final', '_final'], ['construct', '_construct']]) if (typeof options[k] === 'function') this[m] = options[k];
    if (options.signal) addAbort(options.signal, this);
  }
  Stream.call(this, options);
  if (!(this instanceof Duplex)) construct(this);
}
Object.setPrototypeOf(Writable.prototype, Stream.prototype);
Object.setPrototypeOf(Writable, Stream);
Stream.Writable = Writable;
Writable.WritableState = WritableState;
Object.defineProperty(Writable, Symbol.hasInstance, { value(object) { return Function.prototype[Symbol.hasInstance].call(this, object) || (this === Writable && !!object && object._writableState instanceof WritableState); } });
const W = Writable.prototype;
W.destroy = function (error, callback) {
  const s = this._writableState;
  if (!s.destroyed) { const left = s.queue.splice(0); const ends = s.endCallbacks; s.endCallbacks = null; if (left.length || ends) tick(() => { const e = error || coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'); for (const q of left) q.callback(e); for (const c of ends || []) c(e); }); }
  return destroy.call(this, error, callback);
};
W._undestroy = function () {};
W._destroy = function (error, callback) { callback(error); };
W[EventEmitter.captureRejectionSymbol] = function (e) { this.destroy(e); };
W.pipe = function () { this.destroy(coded(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable')); };
W._write = function (chunk, encoding, callback) { if (this._writev) this._writev([{ chunk, encoding }], callback); else throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _write() method is not implemented'); };
W._writev = null;
function write(stream, chunk, encoding, callback) {
  const s = stream._writableState;
  if (typeof encoding === 'function') { callback = encoding; encoding = null; }
  encoding = encoding || s.defaultEncoding;
  callback = typeof callback === 'function' ? callback : () => {};
  if (chunk === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  if (!s.objectMode) {
    if (typeof chunk === 'string') { if (s.decodeStrings) { chunk = Buffer.from(chunk, encoding); encoding = 'buffer'; } }
    else if (Buffer.isBuffer(chunk)) encoding = 'buffer';
    else if (ArrayBuffer.isView(chunk)) { chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength); encoding = 'buffer'; }
    else throw argType('chunk', 'of type string or an instance of Buffer, TypedArray, or DataView', chunk);
  }
  let error;
  if (s.ending) error = coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
  else if (s.destroyed) error = coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
  if (error) { tick(callback, error); if (s.ending && !s.destroyed) stream.destroy(error); return error; }
  s.pendingcb++;
  const length = s.objectMode ? 1 : chunk.length;
  s.length += length;
  const ok = s.length < s.highWaterMark;
  if (!ok) s.needDrain = true;
  if (s.writing || s.corked || s.errored || !s.constructed) s.queue.push({ chunk, encoding, callback });
  else one(stream, s, chunk, encoding, length, callback);
  return ok && !s.errored && !s.destroyed;
}
function one(stream, s, chunk, encoding, length, callback) {
  s.writing = s.sync = true;
  let called = false;
  const done = (error) => {
    if (called) { stream.destroy(coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times')); return; }
    called = true;
    const sync = s.sync;
    s.writing = false;
    s.length -= length;
    if (error) { s.errored ??= error; if (stream._readableState) stream._readableState.errored ??= error; const fail = () => { s.pendingcb--; callback(error); stream.destroy(error); }; if (sync) tick(fail); else fail(); return; }
    if (s.queue.length) pump(stream, s);
    const after = () => {
      const drain = !s.ending && !s.destroyed && s.length === 0 && s.needDrain;
      if (drain) { s.needDrain = false; stream.emit('drain'); }
      s.pendingcb--;
      callback(null);
      finishMaybe(stream, s);
    };
    if (sync) tick(after); else after();
  };
  try { if (s.destroyed) done(coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed')); else if (Array.isArray(chunk) && encoding === 'writev') stream._writev(chunk, done); else stream._write(chunk, encoding, done); } catch (e) { if (!called) done(e); else throw e; }
  s.sync = false;
}
function pump(stream, s) {
  if (s.corked || s.bufferProcessing || s.destroyed || !s.constructed || s.writing) { if (s.constructed && !s.queue.length) finishMaybe(stream, s); return; }
  s.bufferProcessing = true;
  if (stream._writev && s.queue.length > 1) {
    const all = s.queue.splice(0);
    s.pendingcb -= all.length - 1;
    one(stream, s, all, 'writev', all.reduce((n, q) => n + (s.objectMode ? 1 : q.chunk.length), 0), (e) => all.forEach((q) => q.callback(e)));
  } else while (s.queue.length && !s.writing) { const q = s.queue.shift(); one(stream, s, q.chunk, q.encoding, s.objectMode ? 1 : q.chunk.length, q.callback); }
  s.bufferProcessing = false;
  if (!s.queue.length) finishMaybe(stream, s);
}
W.write = function (chunk, encoding, callback) { return write(this, chunk, encoding, callback) === true; };
W.cork = function () { this._writableState.corked++; };
W.uncork = function () { const s = this._writableState; if (s.corked) { s.corked--; if (!s.writing) pump(this, s); } };
W.setDefaultEncoding = function (encoding) { this._writableState.defaultEncoding = String(encoding).toLowerCase(); return this; };
W.end = function (chunk, encoding, callback) {
  const s = this._writableState;
  if (typeof chunk === 'function') { callback = chunk; chunk = encoding = null; } else if (typeof encoding === 'function') { callback = encoding; encoding = null; }
  let error;
  if (chunk !== null && chunk !== undefined) { const r = write(this, chunk, encoding); if (r instanceof Error) error = r; }
  if (s.corked) { s.corked = 1; this.uncork(); }
  if (!error) {
    if (!s.errored && !s.ending) { s.ending = true; finishMaybe(this, s, true); s.ended = true; }
    else if (s.finished) error = coded(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
    else if (s.destroyed) error = coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed');
  }
  if (typeof callback === 'function') { if (error) tick(callback, error); else if (s.finished) tick(callback); else (s.endCallbacks ||= []).push(callback); }
  return this;
};
function finishMaybe(stream, s, sync) {
  const need = () => s.ending && !s.destroyed && s.constructed && s.length === 0 && !s.errored && !s.queue.length && !s.finished && !s.writing;
  if (!need()) return;
  if (!s.prefinished && !s.finalCalled) {
    if (typeof stream._final === 'function' && !s.destroyed) {
      s.finalCalled = true;
      s.pendingcb++;
      const run = () => {
        let called = false;
        const done = (error) => { if (called) return; called = true; s.pendingcb--; if (error) { const ends = s.endCallbacks; s.endCallbacks = null; for (const c of ends || []) c(error); stream.destroy(error); } else { s.prefinished = true; stream.emit('prefinish'); tick(() => finish(stream, s)); } };
        try { const p = stream._final(done); if (p && typeof p.then === 'function') p.then(() => done(), done); } catch (e) { done(e); }
      };
      if (sync) tick(run); else run();
      return;
    }
    s.prefinished = true;
    stream.emit('prefinish');
  }
  if (!s.prefinished) return;
  if (s.pendingcb === 0) { if (sync) tick(() => { if (need()) finish(stream, s); }); else finish(stream, s); }
}
function finish(stream, s) {
  if (s.finished || s.destroyed) return;
  s.finished = true;
  const ends = s.endCallbacks;
  s.endCallbacks = null;
  for (const c of ends || []) c();
  stream.emit('finish');
  autoDestroy(stream);
}
const writableProps = {
  writable: { get() { const s = this._writableState; return !!s && s.writable !== false && !s.destroyed && !s.errored && !s.ending && !s.ended; }, set(v) { if (this._writableState) this._writableState.writable = !!v; } },
  writableFinished: { get() { return !!this._writableState && this._writableState.finished; } },
  writableObjectMode: { get() { return !!this._writableState && this._writableState.objectMode; } },
  writableBuffer: { get() { return this._writableState && this._writableState.queue; } },
  writableEnded: { get() { return !!this._writableState && this._writableState.ending; } },
  writableNeedDrain: { get() { const s = this._writableState; return !!s && !s.destroyed && !s.ending && s.needDrain; } },
  writableHighWaterMark: { get() { return this._writableState && this._writableState.highWaterMark; } },
  writableCorked: { get() { return this._writableState ? this._writableState.corked : 0; } },
  writableLength: { get() { return this._writableState && this._writableState.length; } },
  writableAborted: { get() { const s = this._writableState; return !!s && (s.destroyed || !!s.errored) && !s.finished; } },
  errored: readableProps.errored, closed: readableProps.closed, destroyed: readableProps.destroyed,
};
for (const d of Object.values(writableProps)) { d.configurable = true; d.enumerable = false; }
Object.defineProperties(W, writableProps);
Writable.fromWeb = (web) => { const w = web.getWriter(); return new Writable({ write(c, e, cb) { w.write(c).then(() => cb(), cb); }, final(cb) { w.close().then(() => cb(), cb); } }); };
Writable.toWeb = (stream) => new WritableStream({ write: (c) => new Promise((resolve, reject) => stream.write(c, (e) => (e ? reject(e) : resolve()))), close: () => new Promise((resolve) => stream.end(resolve)), abort: (r) => stream.destroy(r) });

// --- Duplex, Transform, PassThrough
function Duplex(options) {
  if (!(this instanceof Duplex)) return new Duplex(options);
  this._readableState ||= new ReadableState(options, true);
  this._writableState ||= new WritableState(options, true);
  Readable.call(this, options);
  Writable.call(this, options);
  this.allowHalfOpen = !(options && options.allowHalfOpen === false);
  if (options) {
    if (options.readable === false) { this._readableState.readable = false; this._readableState.ended = this._readableState.endEmitted = true; }
    if (options.writable === false) { this._writableState.writable = false; this._writableState.ending = this._writableState.ended = this._writableState.finished = true; }
  }
  construct(this);
}
Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
Object.setPrototypeOf(Duplex, Readable);
Stream.Duplex = Duplex;
for (const name of ['write', 'end', 'cork', 'uncork', 'setDefaultEncoding', '_write', '_writev']) Duplex.prototype[name] = W[name];
Duplex.prototype.destroy = W.destroy;
for (const [name, d] of Object.entries(writableProps)) Object.defineProperty(Duplex.prototype, name, d);
Duplex.from = (source) => {
  if (source instanceof Duplex) return source;
  if (source && (source.readable || source.writable) && typeof source === 'object' && !source[Symbol.asyncIterator]) {
    const { readable, writable } = source;
    const d = new Duplex({ readableObjectMode: true, writableObjectMode: true, readable: !!readable, writable: !!writable, read() { readable.resume(); }, write(c, e, cb) { writable.write(c, e, cb); }, final(cb) { writable.end(cb); } });
    if (readable) { readable.on('data', (c) => { if (!d.push(c)) readable.pause(); }); readable.on('end', () => d.push(null)); readable.on('error', (e) => d.destroy(e)); }
    return d;
  }
  if (typeof source === 'function') {
    const input = new PassThrough({ objectMode: true });
    const out = source(input);
    const r = Readable.from(out);
    return Duplex.from({ readable: r, writable: input });
  }
  return Readable.from(source);
};
Duplex.fromWeb = ({ readable, writable }) => Duplex.from({ readable: Readable.fromWeb(readable), writable: Writable.fromWeb(writable) });
Duplex.toWeb = (d) => ({ readable: Readable.toWeb(d), writable: Writable.toWeb(d) });
function Transform(options) {
  if (!(this instanceof Transform)) return new Transform(options);
  if (options) { if (typeof options.transform === 'function') this._transform = options.transform; if (typeof options.flush === 'function') this._flush = options.flush; }
  this._held = null;
  Duplex.call(this, options);
  this._readableState.sync = false;
  this.on('prefinish', () => { if (this._final !== final) final.call(this); });
}
function final(callback) {
  const done = (error, data) => { if (error) { if (callback) callback(error); else this.destroy(error); return; } if (data != null) this.push(data); this.push(null); if (callback) callback(); };
  if (typeof this._flush === 'function' && !this.destroyed) this._flush(done); else done();
}
Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);
Stream.Transform = Transform;
Transform.prototype._final = final;
Transform.prototype._transform = function () { throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _transform() method is not implemented'); };
Transform.prototype._write = function (chunk, encoding, callback) {
  const r = this._readableState;
  const before = r.length;
  this._transform(chunk, encoding, (error, value) => {
    if (error) { callback(error); return; }
    if (value != null) this.push(value);
    if (this._writableState.ended || before === r.length || r.length < r.highWaterMark) callback();
    else this._held = callback;
  });
};
Transform.prototype._read = function () { if (this._held) { const callback = this._held; this._held = null; callback(); } };
function PassThrough(options) { if (!(this instanceof PassThrough)) return new PassThrough(options); Transform.call(this, options); }
Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);
PassThrough.prototype._transform = function (chunk, encoding, callback) { callback(null, chunk); };
Stream.PassThrough = PassThrough;

// --- finished, pipeline
function addAbort(signal, stream) { if (signal.aborted) tick(() => stream.destroy(new AbortError(undefined, { cause: signal.reason }))); else signal.addEventListener('abort', () => stream.destroy(new AbortError(undefined, { cause: signal.reason })), { once: true }); return stream; }
Stream.addAbortSignal = addAbort;
function eos(stream, options, callback) {
  if (typeof options === 'function') { callback = options; options = {}; }
  options = options || {};
  let called = false;
  const r = stream._readableState;
  const w = stream._writableState;
  const readable = options.readable ?? (r ? r.readable !== false : typeof stream.read === 'function' && typeof stream.push === 'function');
  const writable = options.writable ?? (w ? w.writable !== false : typeof stream.write === 'function');
  let readDone = !readable || (r && r.endEmitted) || (!r && !w ? false : !r);
  let writeDone = !writable || (w && w.finished) || (!r && !w ? false : !w);
  if (!r && !w) { readDone = true; writeDone = !writable; }
  const done = (error) => { if (!called) { called = true; off(); callback.call(stream, error); } };
  const onend = () => { readDone = true; if (writeDone) done(); };
  const onfinish = () => { writeDone = true; if (readDone) done(); };
  const onclose = () => {
    const error = (r && r.errored) || (w && w.errored);
    if (error) return done(error);
    if ((readable && r && !r.endEmitted) || (writable && w && !w.finished)) return done(coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close'));
    return done();
  };
  const onerror = (error) => done(error);
  const onabort = () => done(coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close'));
  stream.on('end', onend);
  stream.on('finish', onfinish);
  stream.on('close', onclose);
  stream.on('aborted', onabort);
  if (options.error !== false) stream.on('error', onerror);
  function off() { stream.removeListener('end', onend); stream.removeListener('finish', onfinish); stream.removeListener('close', onclose); stream.removeListener('aborted', onabort); stream.removeListener('error', onerror); }
  if ((r && r.closeEmitted) || (w && w.closeEmitted) || (r && r.errorEmitted) || (w && w.errorEmitted)) tick(onclose);
  else if (readDone && writeDone && (r || w)) tick(() => done());
  if (options.signal) { const abort = () => done(new AbortError(undefined, { cause: options.signal.reason })); if (options.signal.aborted) tick(abort); else options.signal.addEventListener('abort', abort, { once: true }); }
  return off;
}
Stream.finished = eos;
const isStream = (v) => v && typeof v.pipe === 'function' || v && typeof v.write === 'function' && typeof v.on === 'function';
function pipeline(...args) {
  const callback = typeof args[args.length - 1] === 'function' && args.length > 1 && args[args.length - 1].length <= 2 && !isStream(args[args.length - 1]) ? args.pop() : () => {};
  let list = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
  let options = {};
  if (list.length && !isStream(list[list.length - 1]) && typeof list[list.length - 1] === 'object' && !list[list.length - 1][Symbol.asyncIterator] && !list[list.length - 1][Symbol.iterator] && !list[list.length - 1].getWriter && !list[list.length - 1].writable) options = list[list.length - 1], list = list.slice(0, -1);
  let error;
  let value;
  let open = 1;
  let finished = false;
  const streams = [];
  const settle = () => { if (finished) return; finished = true; tick(callback, error, value); };
  const gone = (e) => { if (e && (!error || error.code === 'ERR_STREAM_PREMATURE_CLOSE')) error = e; if (e) for (const s of streams) if (!s.destroyed && s !== process.stdout && s !== process.stderr) s.destroy(e); if (--open === 0 || e) settle(); };
  const watch = (stream, reading, writing) => { open++; streams.push(stream); eos(stream, { readable: reading, writable: writing }, gone); };
  if (options.signal) { const abort = () => { open++; gone(new AbortError(undefined, { cause: options.signal.reason })); }; if (options.signal.aborted) abort(); else options.signal.addEventListener('abort', abort, { once: true }); }
  let current;
  list.forEach((step, i) => {
    const last = i === list.length - 1;
    if (step && typeof step.getReader === 'function' && i === 0) step = Readable.fromWeb(step);
    if (step && typeof step.getWriter === 'function') step = Writable.fromWeb(step);
    if (isStream(step)) {
      watch(step, i > 0 || !last ? !last : true, i > 0);
      if (i > 0) { const from = isStream(current) ? current : Readable.from(current); if (from !== current) watch(from, true, false); from.pipe(step, { end: options.end !== false }); }
      current = step;
    } else if (typeof step === 'function') {
      const source = i === 0 ? undefined : current;
      const out = i === 0 ? step({ signal: options.signal }) : step(source, { signal: options.signal });
      if (last) { open++; if (out && typeof out.then === 'function') out.then((v) => { value = v; gone(); }, (e) => gone(e)); else if (out && out[Symbol.asyncIterator]) (async () => { for await (const _ of out); })().then(() => gone(), gone); else gone(); } else current = out;
    } else current = Readable.from(step);
  });
  open--;
  if (open === 0) settle();
  return current;
}
Stream.pipeline = pipeline;
Stream.compose = (...list) => { const input = new PassThrough({ objectMode: true }); let out = input; for (const s of list) out = typeof s === 'function' ? Readable.from(s(out)) : out.pipe(s); return Duplex.from({ readable: out, writable: input }); };
Stream.isReadable = (s) => !!(s && s.readable);
Stream.isWritable = (s) => !!(s && s.writable);
Stream.isErrored = (s) => !!(s && s.errored);
Stream.isDisturbed = (s) => !!(s && (s.readableDidRead || s.readableAborted));
Stream.destroy = (s, e) => s.destroy(e);
Stream._isUint8Array = (v) => v instanceof Uint8Array;
Stream._uint8ArrayToBuffer = (v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
Object.defineProperty(Stream, 'promises', { configurable: true, enumerable: true, get: () => require('stream/promises') });
const custom = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(pipeline, custom, { get: () => require('stream/promises').pipeline });
Object.defineProperty(eos, custom, { get: () => require('stream/promises').finished });
