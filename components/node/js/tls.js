// TLS as a client; the host does the cryptography.
const net = require('net');
const { Duplex } = require('stream');
const { Buffer } = require('buffer');
const { coded, absent } = require('internal/errors');
function problem(e) {
  if (typeof e !== 'string') return e;
  if (e.startsWith('CERT ')) { const t = e.slice(5); return Object.assign(new Error(t), { code: /self.signed|unknown issuer|UnknownIssuer/i.test(t) ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : /expired/i.test(t) ? 'CERT_HAS_EXPIRED' : /name|valid for/i.test(t) ? 'ERR_TLS_CERT_ALTNAME_INVALID' : 'CERT_UNTRUSTED' }); }
  if (e.startsWith('TLS ')) return Object.assign(new Error(e.slice(4)), { code: 'EPROTO' });
  return net.netError(e, 'read');
}
class TLSSocket extends Duplex {
  constructor(socket, options = {}) {
    super({ allowHalfOpen: false });
    this.encrypted = true;
    this.authorized = false;
    this.authorizationError = null;
    const ca = options.ca || (process.env.NODE_EXTRA_CA_CERTS ? (() => { try { return binding.readText(process.env.NODE_EXTRA_CA_CERTS, true); } catch { return ''; } })() : '');
    const verify = options.rejectUnauthorized !== false && process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
    Object.defineProperties(this, { socket: { value: socket }, session: { value: 0, writable: true }, held: { value: null, writable: true }, secure: { value: false, writable: true }, verify: { value: verify } });
    const name = options.servername || options.host || 'localhost';
    this.servername = name;
    try { this.session = binding.tlsOpen(name, options.ALPNProtocols || [], [].concat(ca || []).map(String).join('\n'), verify); } catch (e) { process.nextTick(() => this.destroy(problem(e))); return; }
    socket.on('data', (chunk) => { this._guard(() => { for (let at = 0; at < chunk.length; at += 32768) { this._give(chunk.subarray(at, at + 32768)); } }); });
    socket.on('end', () => this._guard(() => { if (this.destroyed) return; binding.tlsEnd(this.session); this._turn(); if (!this.readableEnded) this.push(null); }));
    socket.on('error', (e) => this.destroy(e));
    socket.on('close', () => { if (!this.destroyed) this.destroy(this.secure ? undefined : Object.assign(new Error('Client network socket disconnected before secure TLS connection was established'), { code: 'ECONNRESET' })); });
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('drain', () => this._flush());
    if (socket.connecting) socket.once('connect', () => { this.emit('connect'); this._guard(() => this._turn()); }); else process.nextTick(() => this._guard(() => this._turn()));
  }
  _guard(act) { if (this.destroyed) return; try { act(); } catch (e) { try { this._send(); } catch {} this.destroy(problem(e)); } }
  _give(records) { binding.tlsGive(this.session, records); this._turn(); }
  _send() { for (let r; (r = binding.tlsTake(this.session)).length;) this.socket.write(Buffer.from(r.buffer, r.byteOffset, r.byteLength)); }
  _turn() {
    this._send();
    if (!this.secure && !binding.tlsHandshaking(this.session)) {
      this.secure = true;
      this.authorized = this.verify;
      const [version, cipher, alpn] = binding.tlsDetails(this.session);
      this.alpnProtocol = alpn || false;
      Object.defineProperty(this, 'details', { value: { version, cipher } });
      this.emit('secureConnect');
      this.emit('secure');
      this.emit('ready');
    }
    for (let chunk; (chunk = binding.tlsRead(this.session)) !== null;) {
      if (chunk === false) { if (!this._readableState.ended) this.push(null); break; }
      if (!this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) this.socket.pause();
    }
    this._flush();
  }
  _flush() {
    const h = this.held;
    if (!h || !this.secure) return;
    while (h.at < h.bytes.length) {
      const n = binding.tlsWrite(this.session, h.bytes, h.at);
      this._send();
      if (n === 0) return;
      h.at += n;
    }
    this.held = null;
    h.callback();
  }
  _read() { this.socket.resume(); }
  _write(chunk, encoding, callback) { this.held = { bytes: typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, at: 0, callback }; this._guard(() => this._flush()); }
  _final(callback) { const close = () => { try { binding.tlsClose(this.session); this._send(); } catch {} this.socket.end(); callback(); }; if (this.secure) close(); else this.once('secureConnect', close); }
  _destroy(error, callback) { if (this.session) binding.tlsDrop(this.session); this.session = 0; this.socket.destroy(); callback(error); }
  getProtocol() { return this.details ? this.details.version : null; }
  getCipher() { return this.details ? { name: this.details.cipher, standardName: this.details.cipher, version: this.details.version } : {}; }
  getPeerCertificate() { return {}; }
  getSession() { return undefined; }
  isSessionReused() { return false; }
  setServername() {}
  setTimeout(ms, cb) { if (cb) this.once('timeout', cb); this.socket.setTimeout(ms); return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { this.socket.ref(); return this; }
  unref() { this.socket.unref(); return this; }
  address() { return this.socket.address(); }
  get connecting() { return this.socket.connecting; }
  get remoteAddress() { return this.socket.remoteAddress; }
  get remotePort() { return this.socket.remotePort; }
  get remoteFamily() { return this.socket.remoteFamily; }
  get localAddress() { return this.socket.localAddress; }
  get localPort() { return this.socket.localPort; }
  get bytesRead() { return this.socket.bytesRead; }
  get bytesWritten() { return this.socket.bytesWritten; }
}
exports.TLSSocket = TLSSocket;
exports.connect = (...args) => {
  const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
  let options = typeof args[0] === 'object' ? args[0] : { port: args[0], ...(typeof args[1] === 'string' ? { host: args[1], ...args[2] } : args[1]) };
  const socket = options.socket || net.connect({ ...options, host: options.host || 'localhost' });
  const tls = new TLSSocket(socket, { ...options, servername: options.servername || options.host || 'localhost' });
  if (callback) tls.once('secureConnect', callback);
  return tls;
};
exports.createSecureContext = (o) => ({ context: {}, ...o });
exports.createServer = () => { throw absent('A server with TLS of its own', 'serve http: previews add TLS outside'); };
exports.Server = class { constructor() { exports.createServer(); } };
exports.checkServerIdentity = () => undefined;
exports.rootCertificates = [];
exports.getCiphers = () => ['tls_aes_256_gcm_sha384', 'tls_aes_128_gcm_sha256', 'tls_chacha20_poly1305_sha256'];
exports.DEFAULT_MIN_VERSION = 'TLSv1.2';
exports.DEFAULT_MAX_VERSION = 'TLSv1.3';
void coded;
