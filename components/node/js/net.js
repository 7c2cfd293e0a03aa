// TCP.
const { Duplex } = require('stream');
const EventEmitter = require('events');
const { Buffer } = require('buffer');
const loop = require('internal/loop');
const { system, coded, argType } = require('internal/errors');
exports.isIP = (t) => (typeof t === 'string' ? binding.ipVersion(t) : 0);
exports.isIPv4 = (t) => exports.isIP(t) === 4;
exports.isIPv6 = (t) => exports.isIP(t) === 6;

function netError(code, syscall, address, port) {
  const error = system(typeof code === 'string' ? code : 'EIO', syscall);
  if (code === 'EACCES' && syscall === 'connect') error.message = `connect EACCES ${address}${port ? `:${port}` : ''}: the network policy of this sandbox does not allow it`;
  else error.message = `${syscall} ${code}${address ? ` ${address}${port ? `:${port}` : ''}` : ''}`;
  if (error.stack) error.stack = `${error.name}: ${error.message}${error.stack.slice(error.stack.indexOf('\n') < 0 ? error.stack.length : error.stack.indexOf('\n'))}`;
  if (address) error.address = address;
  if (port) error.port = port;
  return error;
}
exports.netError = netError;
Object.defineProperty(exports, 'netError', { enumerable: false });

class Socket extends Duplex {
  constructor(options = {}) {
    if (typeof options === 'number') options = { fd: options };
    super({ allowHalfOpen: !!options.allowHalfOpen, emitClose: true, autoDestroy: true, decodeStrings: true, signal: options.signal });
    Object.assign(this, { connecting: false, bytesRead: 0, bytesWritten: 0, timeout: 0 });
    for (const [k, v] of Object.entries({ handle: 0, reading: null, writing: null, pending: null, timer: null, referenced: true, server: null, _host: null })) Object.defineProperty(this, k, { value: v, writable: true, configurable: true, enumerable: false });
    if (options.handle) this._attach(options.handle);
  }
  _attach(handle) {
    this.handle = handle;
    const [la, lp, ra, rp] = binding.addresses(handle);
    Object.assign(this, { localAddress: la || undefined, localPort: +lp || undefined, remoteAddress: ra || undefined, remotePort: +rp || undefined, remoteFamily: ra && ra.includes(':') ? 'IPv6' : ra ? 'IPv4' : undefined, localFamily: la && la.includes(':') ? 'IPv6' : 'IPv4' });
  }
  get readyState() { return this.connecting ? 'opening' : this.readable && this.writable ? 'open' : this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed'; }
  get pendingConnect() { return this.connecting; }
  connect(...args) {
    let [options, callback] = normalize(args);
    if (callback) this.once('connect', callback);
    if (options.path) { process.nextTick(() => this.destroy(netError('ENOTSUP', 'connect', options.path))); return this; }
    const port = +options.port;
    if (!(port >= 0 && port < 65536)) throw coded(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be >= 0 and < 65536. Received ${typeof options.port === 'string' ? `type string ('${options.port}')` : `type number (${options.port})`}.`);
    const host = options.host || 'localhost';
    this._host = host;
    this.connecting = true;
    loop.hold();
    loop.setImmediate(() => {
      loop.release();
      if (this.destroyed) return;
      let all;
      if (exports.isIP(host)) all = [host];
      else {
        try { all = binding.resolve(host); } catch (e) {
          const code = e === 'EINVAL' ? 'ENOTFOUND' : e;
          const error = Object.assign(new Error(e === 'EACCES' ? `getaddrinfo EACCES ${host}: the network policy of this sandbox does not allow it` : `getaddrinfo ${code} ${host}`), { errno: -3008, code, syscall: 'getaddrinfo', hostname: host });
          this.emit('lookup', error, undefined, undefined, host);
          this.connecting = false;
          this.destroy(error);
          return;
        }
        if (options.family === 4 || options.family === 6) all = all.filter((a) => exports.isIP(a) === options.family);
        all.sort((a, b) => exports.isIP(a) - exports.isIP(b));
        this.emit('lookup', null, all[0], exports.isIP(all[0]), host);
      }
      this._try(all, port, null);
    });
    return this;
  }
  _try(all, port, last) {
    if (this.destroyed) return;
    const address = all.shift();
    if (address === undefined) { this.connecting = false; this.destroy(last || netError('ENOTFOUND', 'getaddrinfo')); return; }
    let handle;
    try { handle = binding.connect(address, port); } catch (e) { this._try(all, port, netError(e, 'connect', address, port)); return; }
    this.handle = handle;
    const watcher = loop.watch(handle, 2, () => {
      let done;
      try { done = binding.connected(handle); } catch (e) { watcher.stop(); binding.handleClose(handle); this.handle = 0; this._try(all, port, netError(e, 'connect', address, port)); return; }
      if (!done) return;
      watcher.stop();
      this.connecting = false;
      this._attach(handle);
      this.emit('connect');
      this.emit('ready');
      if (this.pending) this._push();
      if (this.reading === 'wanted') { this.reading = null; this._read(); }
    });
    this.writing = watcher;
  }
  _read() {
    if (this.connecting || !this.handle) { this.reading = 'wanted'; return; }
    if (this.reading) { this.reading.start(); return; }
    this.reading = loop.watch(this.handle, 0, () => this._ready());
    if (!this.referenced) this.reading.unref();
  }
  _ready() {
    let chunk;
    try { chunk = binding.streamRead(this.handle, 65536); } catch (e) { this.reading.stop(); this.destroy(netError(e, 'read')); return; }
    if (chunk === null) return;
    this._touch();
    if (chunk === false) { this.reading.stop(); this.push(null); if (this.readableLength === 0) this.read(0); return; }
    this.bytesRead += chunk.length;
    if (!this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) this.reading.stop();
  }
  _write(chunk, encoding, callback) {
    this.pending = { bytes: typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, at: 0, callback };
    if (!this.connecting) this._push();
  }
  _push() {
    while (this.pending) {
      const p = this.pending;
      let n;
      try { n = binding.streamWrite(this.handle, p.bytes, p.at); } catch (e) { this.pending = null; if (this.writing) this.writing.stop(); p.callback(netError(e, 'write')); return; }
      if (n === 0 && p.bytes.length) { if (!this.writing || this.writing.kind !== 1) { if (this.writing) this.writing.stop(); this.writing = loop.watch(this.handle, 1, () => this._push()); } else this.writing.start(); return; }
      this._touch();
      p.at += n;
      this.bytesWritten += n;
      if (p.at >= p.bytes.length) { this.pending = null; if (this.writing) this.writing.stop(); p.callback(); }
    }
  }
  _final(callback) { if (this.connecting) { this.once('connect', () => this._final(callback)); return; } try { if (this.handle) binding.shutdown(this.handle); } catch {} callback(); }
  _destroy(error, callback) {
    clearTimeout(this.timer);
    for (const w of [this.reading, this.writing]) if (w && w.stop) w.stop();
    if (this.handle) binding.handleClose(this.handle);
    this.handle = 0;
    this.connecting = false;
    callback(error);
    if (this.server) this.server._gone(this);
  }
  emit(name, ...args) { if (name === 'close' && args.length === 0) args = [!!this.errored]; return super.emit(name, ...args); }
  end(...args) { super.end(...args); return this; }
  destroySoon() { if (this.writable) this.end(); if (this.writableFinished) this.destroy(); else this.once('finish', () => this.destroy()); }
  resetAndDestroy() { return this.destroy(); }
  _touch() { if (this.timeout) { clearTimeout(this.timer); this.timer = setTimeout(() => this.emit('timeout'), this.timeout).unref(); } }
  setTimeout(ms, callback) { this.timeout = ms; clearTimeout(this.timer); if (callback) { if (ms) this.once('timeout', callback); else this.removeListener('timeout', callback); } this._touch(); return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  address() { return this.localAddress ? { address: this.localAddress, family: this.localFamily, port: this.localPort } : {}; }
  ref() { this.referenced = true; if (this.reading && this.reading.ref) this.reading.ref(); return this; }
  unref() { this.referenced = false; if (this.reading && this.reading.unref) this.reading.unref(); return this; }
}
function normalize(args) {
  const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
  if (Array.isArray(args[0])) return normalize([...args[0]]);
  if (args[0] !== null && typeof args[0] === 'object') return [args[0], callback];
  if (typeof args[0] === 'string' && Number.isNaN(+args[0])) return [{ path: args[0] }, callback];
  return [{ port: args[0], host: args[1] }, callback];
}
exports.Socket = exports.Stream = Socket;
exports._normalizeArgs = (args) => normalize([...args]);
exports.connect = exports.createConnection = (...args) => { const [options] = normalize([...args]); const s = new Socket(options); if (options.timeout) s.setTimeout(options.timeout); return s.connect(...args); };

class Server extends EventEmitter {
  constructor(options, listener) {
    super();
    if (typeof options === 'function') { listener = options; options = {}; }
    this.options = options || {};
    this.listening = false;
    this.maxConnections = undefined;
    Object.defineProperties(this, { sockets: { value: new Set() }, handle: { value: 0, writable: true }, watcher: { value: null, writable: true }, referenced: { value: true, writable: true }, where: { value: null, writable: true } });
    Object.defineProperty(this, 'options', { enumerable: false });
    if (listener) this.on('connection', listener);
  }
  get _connections() { return this.sockets.size; }
  listen(...args) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
    if (this.listening) throw coded(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
    if (callback) this.once('listening', callback);
    let options = args[0] !== null && typeof args[0] === 'object' ? args[0] : typeof args[0] === 'string' && Number.isNaN(+args[0]) ? { path: args[0] } : { port: args[0], host: typeof args[1] === 'string' ? args[1] : undefined, backlog: args.find((a, i) => i > 0 && typeof a === 'number') };
    const port = options.port === undefined || options.port === null ? 0 : +options.port;
    if (!options.path && !(port >= 0 && port < 65536 && Number.isInteger(port))) throw coded(RangeError, 'ERR_SOCKET_BAD_PORT', `options.port should be >= 0 and < 65536. Received ${require('util').inspect(options.port)}.`);
    loop.hold();
    process.nextTick(() => {
      loop.release();
      if (options.path) { this.emit('error', netError('ENOTSUP', 'listen', options.path)); return; }
      let host = options.host || '0.0.0.0';
      try {
        if (!exports.isIP(host)) host = binding.resolve(host).sort((a, b) => exports.isIP(a) - exports.isIP(b))[0];
        this.handle = binding.listen(host, port, options.backlog || 511);
      } catch (e) {
        const error = netError(e, 'listen', host, port);
        if (e === 'EADDRINUSE') { error.message = `listen EADDRINUSE: address already in use ${options.host || ':::'.slice(0, 2)}${options.host ? ':' : ':'}${port}`; error.stack = `Error: ${error.message}`; }
        this.emit('error', error);
        return;
      }
      const [la, lp] = binding.addresses(this.handle);
      this.where = { address: options.host ? la : '::', family: options.host ? (la.includes(':') ? 'IPv6' : 'IPv4') : 'IPv6', port: +lp || port };
      this.listening = true;
      this.watcher = loop.watch(this.handle, 2, () => {
        for (;;) {
          let handle;
          try { handle = binding.accept(this.handle); } catch (e) { this.emit('error', netError(e, 'accept')); return; }
          if (!handle) return;
          const socket = new Socket({ handle, allowHalfOpen: this.options.allowHalfOpen });
          if (this.maxConnections !== undefined && this.sockets.size >= this.maxConnections) { socket.destroy(); this.emit('drop', {}); continue; }
          socket.server = this;
          this.sockets.add(socket);
          if (!this.options.pauseOnConnect) socket.read(0);
          loop.call(() => this.emit('connection', socket));
        }
      });
      if (!this.referenced) this.watcher.unref();
      this.emit('listening');
    });
    return this;
  }
  _gone(socket) { this.sockets.delete(socket); this._maybe(); }
  _maybe() { if (this.closing && !this.sockets.size) { this.closing = false; process.nextTick(() => this.emit('close')); } }
  close(callback) {
    if (callback) { if (this.handle) this.once('close', callback); else this.once('close', () => callback(coded(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'))); }
    if (this.watcher) this.watcher.stop();
    if (this.handle) binding.handleClose(this.handle);
    this.handle = 0;
    this.listening = false;
    Object.defineProperty(this, 'closing', { value: true, writable: true, configurable: true });
    this._maybe();
    return this;
  }
  address() { return this.listening ? this.where : null; }
  getConnections(callback) { process.nextTick(callback, null, this.sockets.size); }
  ref() { this.referenced = true; if (this.watcher) this.watcher.ref(); return this; }
  unref() { this.referenced = false; if (this.watcher) this.watcher.unref(); return this; }
  [Symbol.asyncDispose || Symbol.for('nodejs.asyncDispose')]() { return new Promise((resolve) => this.close(() => resolve())); }
}
exports.Server = function (options, listener) { return new Server(options, listener); };
exports.Server.prototype = Server.prototype;
Server.prototype.constructor = exports.Server;
exports.createServer = (options, listener) => new Server(options, listener);
exports._Server = Server;
Object.defineProperty(exports, '_Server', { enumerable: false });
exports.getDefaultAutoSelectFamily = () => false;
exports.setDefaultAutoSelectFamily = () => {};
exports.BlockList = class BlockList { addAddress() {} addRange() {} addSubnet() {} check() { return false; } };
exports.SocketAddress = class SocketAddress { constructor(o = {}) { Object.assign(this, { address: '127.0.0.1', port: 0, family: 'ipv4', ...o }); } };
void argType;
