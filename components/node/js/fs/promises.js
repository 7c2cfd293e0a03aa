const fs = require('fs');
const EventEmitter = require('events');
const { Buffer } = require('buffer');
const sync = fs._sync;
const soon = (act) => new Promise((resolve, reject) => setImmediate(() => { try { resolve(act()); } catch (e) { reject(e); } }));
class FileHandle extends EventEmitter {
  constructor(fd) { super(); Object.defineProperty(this, 'fd', { value: fd, writable: true }); }
  appendFile(data, o) { return soon(() => sync.writeFile(this.fd, data, o)); }
  chmod(m) { return soon(() => sync.fchmod(this.fd, m)); }
  async chown() {}
  close() { return soon(() => { if (this.fd >= 0) sync.close(this.fd); this.fd = -1; this.emit('close'); }); }
  createReadStream(o) { return fs.createReadStream(null, { ...o, fd: this.fd }); }
  createWriteStream(o) { return fs.createWriteStream(null, { ...o, fd: this.fd }); }
  datasync() { return this.sync(); }
  sync() { return soon(() => sync.fsync(this.fd)); }
  read(buffer, offset, length, position) { if (!ArrayBuffer.isView(buffer)) { const o = buffer || {}; buffer = o.buffer || Buffer.alloc(16384); ({ offset, length, position } = o); } return soon(() => ({ bytesRead: sync.read(this.fd, buffer, offset, length, position), buffer })); }
  readFile(o) { return soon(() => sync.readFile(this.fd, o)); }
  readLines(o) { return require('readline').createInterface({ input: this.createReadStream(o), crlfDelay: Infinity }); }
  readv(list, position) { return soon(() => ({ bytesRead: sync.readv(this.fd, list, position), buffers: list })); }
  stat(o) { return soon(() => sync.fstat(this.fd, o)); }
  truncate(n) { return soon(() => sync.ftruncate(this.fd, n)); }
  utimes(a, m) { return soon(() => sync.futimes(this.fd, a, m)); }
  write(data, ...rest) { return soon(() => ({ bytesWritten: sync.write(this.fd, data, ...rest), buffer: data })); }
  writeFile(data, o) { return soon(() => sync.writeFile(this.fd, data, o)); }
  writev(list, position) { return soon(() => ({ bytesWritten: sync.writev(this.fd, list, position), buffers: list })); }
  [Symbol.asyncDispose || Symbol.for('nodejs.asyncDispose')]() { return this.close(); }
}
for (const name of Object.keys(sync)) if (!/^(f(?!ilter)[a-z]*|close|read|write|readv|writev|exists|open)$/.test(name) || name === 'fs') exports[name] = (p, ...args) => soon(() => { if (p instanceof FileHandle) p = p.fd; return sync[name](p, ...args); });
exports.open = (p, flags, mode) => soon(() => new FileHandle(sync.open(p, flags, mode)));
for (const name of ['readFile', 'writeFile', 'appendFile']) {
  exports[name] = async (p, ...args) => {
    if (p instanceof FileHandle) p = p.fd;
    const o = args[args.length - 1];
    if (o && o.signal && o.signal.aborted) throw new (require('internal/errors').AbortError)(undefined, { cause: o.signal.reason });
    if (name !== 'readFile' && args[0] && typeof args[0] === 'object' && !ArrayBuffer.isView(args[0]) && (args[0][Symbol.asyncIterator] || args[0][Symbol.iterator])) { const all = []; for await (const c of args[0]) all.push(typeof c === 'string' ? Buffer.from(c) : c); args[0] = Buffer.concat(all); }
    return soon(() => sync[name](p, ...args));
  };
}
exports.access = (p, m) => soon(() => sync.access(p, m));
exports.glob = async function* (pattern, o) { yield* sync.glob(pattern, o); };
exports.watch = async function* (p, o) { const w = fs.watch(p, o); try { for await (const [eventType, filename] of EventEmitter.on(w, 'change')) yield { eventType, filename }; } finally { w.close(); } };
exports.constants = fs.constants;
exports.FileHandle = FileHandle;
