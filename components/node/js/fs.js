// Files: synchronous, with callbacks, with promises. The calls of the system wait in each of them; what differs is how
// the answer comes.
const { Buffer, encodingOf } = require('buffer');
const { system, argType, coded, range } = require('internal/errors');
const path = require('path');
const custom = Symbol.for('nodejs.util.promisify.custom');

const constants = {
  F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4,
  O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0o100, O_EXCL: 0o200, O_NOCTTY: 0o400, O_TRUNC: 0o1000, O_APPEND: 0o2000, O_NONBLOCK: 0o4000, O_DSYNC: 0o10000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000, O_SYNC: 0o4010000,
  S_IFMT: 0o170000, S_IFREG: 0o100000, S_IFDIR: 0o40000, S_IFCHR: 0o20000, S_IFBLK: 0o60000, S_IFIFO: 0o10000, S_IFLNK: 0o120000, S_IFSOCK: 0o140000,
  S_IRWXU: 0o700, S_IRUSR: 0o400, S_IWUSR: 0o200, S_IXUSR: 0o100, S_IRWXG: 0o70, S_IRGRP: 0o40, S_IWGRP: 0o20, S_IXGRP: 0o10, S_IRWXO: 7, S_IROTH: 4, S_IWOTH: 2, S_IXOTH: 1, UV_FS_SYMLINK_DIR: 1,
};
const FLAGS = { r: 0, rs: 0, 'r+': 2, 'rs+': 2, w: 0o1101, wx: 0o1301, xw: 0o1301, 'w+': 0o1102, 'wx+': 0o1302, a: 0o2101, ax: 0o2301, xa: 0o2301, 'a+': 0o2102, 'ax+': 0o2302, as: 0o2101 };
const flagsOf = (f) => { if (f == null) return 0; if (typeof f === 'number') return f; if (f in FLAGS) return FLAGS[f]; throw require('internal/errors').argValue('flags', f); };
const modeOf = (m, other) => (m == null ? other : typeof m === 'string' ? parseInt(m, 8) : m);
function pathOf(p, name = 'path') {
  if (p instanceof URL || (p && typeof p === 'object' && p.href && p.protocol === 'file:')) p = require('url').fileURLToPath(p);
  else if (p instanceof Uint8Array) p = Buffer.from(p.buffer, p.byteOffset, p.byteLength).toString();
  if (typeof p !== 'string') throw argType(name, 'of type string or an instance of Buffer or URL', p);
  if (p.includes('\0')) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument '${name}' must be a string, Uint8Array, or URL without null bytes. Received ${require('util').inspect(p)}`);
  return p;
}
function fdOf(fd) { if (typeof fd !== 'number') throw argType('fd', 'of type number', fd); if (!Number.isInteger(fd) || fd < 0) throw range('fd', '>= 0 && <= 2147483647', fd); return fd; }
function ask(syscall, p, dest, act) {
  if (p === '') throw system('ENOENT', syscall, p, dest);
  try { return act(); } catch (e) { throw system(e, syscall, p, dest); }
}
const enc = (o) => (typeof o === 'string' ? o : o && o.encoding);
const text = (name, options) => { const e = enc(options); return e === 'buffer' ? Buffer.from(name) : e && e !== 'utf8' && e !== 'utf-8' ? Buffer.from(name).toString(e) : name; };
function bytesOf(data, encoding, name = 'data') {
  if (typeof data === 'string') return Buffer.from(data, encoding || 'utf8');
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw argType(name, 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

class Stats {
  constructor(f, big) {
    const [kind, mode, nlink, uid, gid, ino, size, mtime] = f;
    const n = big ? (v) => BigInt(Math.floor(v)) : (v) => v;
    Object.assign(this, { dev: n(1), mode: n(kind | mode), nlink: n(nlink), uid: n(uid), gid: n(gid), rdev: n(0), blksize: n(4096), ino: n(ino), size: n(size), blocks: n(Math.ceil(size / 512)), atimeMs: n(mtime), mtimeMs: n(mtime), ctimeMs: n(mtime), birthtimeMs: n(mtime) });
    if (big) for (const k of ['atime', 'mtime', 'ctime', 'birthtime']) this[`${k}Ns`] = BigInt(Math.floor(mtime)) * 1000000n;
    this._kind = undefined;
    delete this._kind;
    for (const k of ['atime', 'mtime', 'ctime', 'birthtime']) this[k] = new Date(mtime);
  }
  _is(kind) { return (Number(this.mode) & 0o170000) === kind; }
  isFile() { return this._is(0o100000); }
  isDirectory() { return this._is(0o40000); }
  isSymbolicLink() { return this._is(0o120000); }
  isCharacterDevice() { return this._is(0o20000); }
  isBlockDevice() { return false; }
  isFIFO() { return false; }
  isSocket() { return false; }
}
class Dirent {
  constructor(name, parent, kind) { this.name = name; this.parentPath = parent; this.path = parent; Object.defineProperty(this, 'kind', { value: kind }); }
  isFile() { return this.kind === 'f'; }
  isDirectory() { return this.kind === 'd'; }
  isSymbolicLink() { return this.kind === 'l'; }
  isCharacterDevice() { return false; }
  isBlockDevice() { return false; }
  isFIFO() { return false; }
  isSocket() { return false; }
}

const sync = {
  open(p, flags = 'r', mode) { p = pathOf(p); const std = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 }[p]; if (std !== undefined) return std; return ask('open', p, undefined, () => binding.open(p, flagsOf(flags), modeOf(mode, 0o666))); },
  close(fd) { fdOf(fd); ask('close', undefined, undefined, () => binding.close(fd)); },
  read(fd, buffer, offset, length, position) {
    fdOf(fd);
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    offset = offset ?? 0;
    length = length ?? buffer.byteLength - offset;
    const target = bytesOf(buffer, undefined, 'buffer');
    if (length === 0) return 0;
    return ask('read', undefined, undefined, () => binding.read(fd, target, Number(offset), Number(length), position == null ? -1 : Number(position)));
  },
  readv(fd, list, position) { let total = 0; for (const b of list) { const n = sync.read(fd, b, 0, b.byteLength, position == null ? null : position + total); total += n; if (n < b.byteLength) break; } return total; },
  write(fd, data, offset, length, position) {
    fdOf(fd);
    let bytes;
    if (typeof data === 'string') { bytes = Buffer.from(data, typeof length === 'string' ? length : 'utf8'); position = offset; offset = 0; length = bytes.length; }
    else { if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset); bytes = bytesOf(data, undefined, 'buffer'); offset = offset ?? 0; length = length ?? bytes.length - offset; }
    if (length === 0) return 0;
    return ask('write', undefined, undefined, () => binding.write(fd, bytes, offset, length, typeof position === 'number' ? position : -1));
  },
  writev(fd, list, position) { let total = 0; for (const b of list) total += sync.write(fd, b, 0, b.byteLength, position == null ? null : position + total); return total; },
  readFile(p, options) {
    const encoding = enc(options);
    if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'encoding' is invalid encoding. Received '${encoding}'`);
    if (typeof p === 'number') {
      const parts = [];
      for (;;) { const b = Buffer.alloc(65536); const n = sync.read(p, b, 0, b.length, null); if (n === 0) break; parts.push(b.subarray(0, n)); }
      const all = Buffer.concat(parts);
      return encoding && encoding !== 'buffer' ? all.toString(encoding) : all;
    }
    p = pathOf(p);
    if (options && options.flag && options.flag !== 'r') { const fd = sync.open(p, options.flag); try { return sync.readFile(fd, encoding); } finally { sync.close(fd); } }
    if (encoding && encodingOf(encoding) === 'utf8') return ask('open', p, undefined, () => binding.readText(p, false));
    const bytes = Buffer.from(ask('open', p, undefined, () => { try { return binding.readFile(p); } catch (e) { if (e === 'EISDIR') throw system(e, 'read'); throw e; } }));
    return encoding && encoding !== 'buffer' ? bytes.toString(encoding) : bytes;
  },
  writeFile(p, data, options) {
    const bytes = bytesOf(data && typeof data === 'object' && !ArrayBuffer.isView(data) && Object.prototype.hasOwnProperty.call(data, 'toString') ? String(data) : data, enc(options));
    if (typeof p === 'number') { for (let at = 0; at < bytes.length;) at += sync.write(p, bytes, at, bytes.length - at); return; }
    p = pathOf(p);
    const flags = flagsOf((options && options.flag) || 'w');
    if (p === '/dev/stdout' || p === '/dev/stderr') { sync.write(p === '/dev/stdout' ? 1 : 2, bytes, 0, bytes.length); return; }
    ask('open', p, undefined, () => binding.writeFile(p, bytes, flags, modeOf(options && options.mode, 0o666)));
  },
  appendFile(p, data, options) { sync.writeFile(p, data, { ...(typeof options === 'string' ? { encoding: options } : options), flag: (options && options.flag) || 'a' }); },
  stat(p, options) { p = pathOf(p); try { return new Stats(ask('stat', p, undefined, () => binding.stat(p, true)), options && options.bigint); } catch (e) { if (options && options.throwIfNoEntry === false && (e.code === 'ENOENT' || e.code === 'ENOTDIR')) return undefined; throw e; } },
  lstat(p, options) { p = pathOf(p); try { return new Stats(ask('lstat', p, undefined, () => binding.stat(p, false)), options && options.bigint); } catch (e) { if (options && options.throwIfNoEntry === false && e.code === 'ENOENT') return undefined; throw e; } },
  fstat(fd, options) { fdOf(fd); return new Stats(ask('fstat', undefined, undefined, () => binding.fstat(fd)), options && options.bigint); },
  statfs(p, options) { const n = options && options.bigint ? BigInt : Number; return { type: n(0), bsize: n(4096), blocks: n(1 << 20), bfree: n(1 << 19), bavail: n(1 << 19), files: n(1 << 20), ffree: n(1 << 19) }; },
  access(p, mode = 0) {
    p = pathOf(p);
    const f = ask('access', p, undefined, () => binding.stat(p, true));
    if (((mode & 1) && f[0] !== 0o40000 && !(f[1] & 0o111)) || ((mode & 2) && !(f[1] & 0o222))) throw system('EACCES', 'access', p);
  },
  exists(p) { try { p = pathOf(p); binding.stat(p, true); return p !== ''; } catch { return false; } },
  readdir(p, options) {
    p = pathOf(p);
    const out = [];
    const list = (directory, prefix) => {
      for (const entry of ask('scandir', directory, undefined, () => binding.readdir(directory))) {
        const name = entry.slice(1);
        out.push(options && options.withFileTypes ? new Dirent(text(name, options), directory, entry[0]) : text(prefix + name, options));
        if (options && options.recursive && entry[0] === 'd') list(`${directory.replace(/\/$/, '')}/${name}`, `${prefix}${name}/`);
      }
    };
    list(p, '');
    return out;
  },
  mkdir(p, options) {
    p = pathOf(p);
    const mode = modeOf(options && typeof options === 'object' ? options.mode : options, 0o777);
    if (!(options && options.recursive)) { ask('mkdir', p, undefined, () => binding.mkdir(p, mode)); return undefined; }
    const full = path.resolve(p);
    const missing = [];
    let at = full;
    for (; ; at = path.dirname(at)) {
      let found;
      try { found = binding.stat(at, true); } catch (e) { if (e === 'ENOTDIR') throw system('ENOTDIR', 'mkdir', p); missing.push(at); continue; }
      if (found[0] !== 0o40000) throw system(missing.length ? 'ENOTDIR' : 'EEXIST', 'mkdir', p);
      break;
    }
    for (const one of [...missing].reverse()) { try { binding.mkdir(one, mode); } catch (e) { if (e !== 'EEXIST') throw system(e, 'mkdir', p); } }
    return missing.length ? missing[missing.length - 1] : undefined;
  },
  mkdtemp(prefix, options) {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    for (let i = 0; ; i++) {
      let name = `${prefix}`;
      for (let j = 0; j < 6; j++) name += letters[Math.floor(Math.random() * letters.length)];
      try { binding.mkdir(name, 0o700); return text(name, options); } catch (e) { if (e !== 'EEXIST' || i > 100) throw system(e, 'mkdtemp', `${prefix}XXXXXX`); }
    }
  },
  rmdir(p, options) { p = pathOf(p); if (options && options.recursive) return sync.rm(p, { recursive: true }); ask('rmdir', p, undefined, () => binding.rmdir(p)); return undefined; },
  rm(p, options = {}) {
    p = pathOf(p);
    let found;
    try { found = binding.stat(p, false); } catch (e) { if (options.force && e === 'ENOENT') return; throw system(e, 'lstat', p); }
    if (found[0] !== 0o40000) { ask('unlink', p, undefined, () => binding.unlink(p)); return; }
    if (!options.recursive) throw coded(Error, 'ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${p}`, { errno: 21, syscall: 'rm', path: p });
    const clear = (directory) => {
      for (const entry of ask('scandir', directory, undefined, () => binding.readdir(directory))) {
        const one = `${directory}/${entry.slice(1)}`;
        if (entry[0] === 'd') clear(one); else ask('unlink', one, undefined, () => binding.unlink(one));
      }
      ask('rmdir', directory, undefined, () => binding.rmdir(directory));
    };
    clear(p);
  },
  unlink(p) { p = pathOf(p); ask('unlink', p, undefined, () => binding.unlink(p)); },
  rename(a, b) { a = pathOf(a, 'oldPath'); b = pathOf(b, 'newPath'); ask('rename', a, b, () => binding.rename(a, b)); },
  link(a, b) { a = pathOf(a); b = pathOf(b); ask('link', a, b, () => binding.link(a, b)); },
  symlink(a, b) { a = pathOf(a, 'target'); b = pathOf(b); ask('symlink', a, b, () => binding.symlink(a, b)); },
  readlink(p, options) { p = pathOf(p); return text(ask('readlink', p, undefined, () => binding.readlink(p)), options); },
  realpath(p, options) { p = pathOf(p); return text(ask('lstat', p, undefined, () => binding.realpath(path.resolve(p))), options); },
  chmod(p, mode) { p = pathOf(p); ask('chmod', p, undefined, () => binding.chmod(p, modeOf(mode) & 0o777)); },
  lchmod() {}, lchown() {}, chown(p) { sync.stat(p); }, fchown() {},
  fchmod(fd, mode) { ask('fchmod', undefined, undefined, () => binding.fchmod(fd, modeOf(mode) & 0o777)); },
  utimes(p, a, m) { p = pathOf(p); const ms = (t) => (t instanceof Date ? t.getTime() : typeof t === 'string' && Number.isNaN(+t) ? Date.parse(t) : +t * 1000); ask('utime', p, undefined, () => binding.utimes(p, ms(a), ms(m))); },
  lutimes(p, a, m) { sync.utimes(p, a, m); },
  futimes(fd, a, m) { sync.utimes(binding.pathOf(fd).slice(1), a, m); },
  truncate(p, length = 0) { if (typeof p === 'number') return sync.ftruncate(p, length); const fd = sync.open(p, 'r+'); try { sync.ftruncate(fd, length); } finally { sync.close(fd); } return undefined; },
  ftruncate(fd, length = 0) { ask('ftruncate', undefined, undefined, () => binding.ftruncate(fd, Math.max(0, length))); },
  fsync(fd) { ask('fsync', undefined, undefined, () => binding.fsync(fd)); },
  fdatasync(fd) { sync.fsync(fd); },
  copyFile(a, b, mode = 0) { a = pathOf(a, 'src'); b = pathOf(b, 'dest'); if (mode & 1 && sync.exists(b)) throw system('EEXIST', 'copyfile', a, b); ask('copyfile', a, b, () => binding.copyFile(a, b)); },
  cp(a, b, options = {}) {
    a = pathOf(a); b = pathOf(b);
    if (options.filter && !options.filter(a, b)) return;
    const found = options.dereference ? sync.stat(a) : sync.lstat(a);
    if (found.isDirectory()) {
      if (!options.recursive) throw coded(Error, 'ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${a}`);
      sync.mkdir(b, { recursive: true });
      for (const name of sync.readdir(a)) sync.cp(`${a}/${name}`, `${b}/${name}`, options);
    } else if (sync.exists(b) && options.force === false) { if (options.errorOnExist) throw coded(Error, 'ERR_FS_CP_EEXIST', `Target already exists: ${b}`); }
    else if (found.isSymbolicLink()) { if (sync.exists(b)) sync.unlink(b); sync.symlink(sync.readlink(a), b); }
    else { sync.mkdir(path.dirname(b), { recursive: true }); sync.copyFile(a, b); }
  },
  opendir(p) { p = pathOf(p); const list = sync.readdir(p, { withFileTypes: true }); return new Dir(p, list); },
  glob(pattern, options = {}) {
    const cwd = options.cwd ? pathOf(options.cwd) : process.cwd();
    const out = [];
    for (const one of [].concat(pattern)) for (const name of sync.readdir(cwd, { recursive: true })) if (path.matchesGlob(name, one) && !out.includes(name)) out.push(name);
    return out;
  },
};
class Dir {
  constructor(p, list) { this.path = p; Object.defineProperty(this, 'list', { value: list }); }
  readSync() { return this.list.shift() || null; }
  read(callback) { const found = this.readSync(); if (callback) { process.nextTick(callback, null, found); return undefined; } return Promise.resolve(found); }
  closeSync() {}
  close(callback) { if (callback) { process.nextTick(callback); return undefined; } return Promise.resolve(); }
  async* [Symbol.asyncIterator]() { for (let d; (d = this.readSync());) yield d; }
}

for (const name of Object.keys(sync)) {
  exports[`${name}Sync`] = sync[name];
  Object.defineProperty(sync[name], 'name', { value: `${name}Sync` });
  const withCallback = function (...args) {
    const callback = args.pop();
    if (typeof callback !== 'function') throw argType('cb', 'of type function', callback);
    let result;
    let error = null;
    try { result = sync[name](...args); } catch (e) { if (/^ERR_(INVALID|OUT_OF)/.test(e.code)) throw e; error = e; }
    require('internal/loop').setImmediate(() => { if (error) callback(error); else if (result === undefined) callback(null); else callback(null, result); });
  };
  Object.defineProperty(withCallback, 'name', { value: name });
  exports[name] = withCallback;
}
exports.exists = (p, callback) => { const found = sync.exists(p); require('internal/loop').setImmediate(() => callback(found)); };
exports.exists[custom] = (p) => Promise.resolve(sync.exists(p));
for (const name of ['read', 'write', 'readv', 'writev']) {
  exports[name] = function (fd, data, ...rest) {
    const callback = rest.pop();
    if (typeof data === 'function') { data(null, 0, Buffer.alloc(0)); return; }
    if (name === 'read' && data && !ArrayBuffer.isView(data)) { rest = [data.offset, data.length, data.position]; data = data.buffer || Buffer.alloc(16384); }
    let n;
    let error = null;
    try { n = sync[name](fd, data, ...rest); } catch (e) { if (/^ERR_(INVALID|OUT_OF)/.test(e.code)) throw e; error = e; }
    require('internal/loop').setImmediate(() => callback(error, error ? undefined : n, data));
  };
  exports[name][Symbol.for('nodejs.util.promisify.args')] = name.startsWith('read') ? ['bytesRead', 'buffer'] : ['bytesWritten', 'buffer'];
}
exports.realpathSync.native = exports.realpathSync;
exports.realpath.native = exports.realpath;
Object.assign(exports, { constants, Stats, Dirent, Dir, ...Object.fromEntries(['F_OK', 'R_OK', 'W_OK', 'X_OK'].map((k) => [k, constants[k]])) });
exports._sync = sync;
Object.defineProperty(exports, '_sync', { enumerable: false });
exports._toUnixTimestamp = (t) => +t;

// Watching: looked at every so often, as there is nothing that tells.
exports.watchFile = (p, options, listener) => {
  if (typeof options === 'function') { listener = options; options = {}; }
  const look = () => { try { return sync.stat(p); } catch { return new Stats([0, 0, 0, 0, 0, 0, 0, 0]); } };
  let last = look();
  const timer = setInterval(() => { const now = look(); if (now.mtimeMs !== last.mtimeMs || now.size !== last.size) { const old = last; last = now; listener(now, old); } }, options.interval || 5007);
  if (options.persistent === false) timer.unref();
  watched.set(p, timer);
  return { ref: () => timer.ref(), unref: () => timer.unref() };
};
const watched = new Map();
exports.unwatchFile = (p) => { clearInterval(watched.get(p)); watched.delete(p); };
exports.watch = (p, options, listener) => {
  const EventEmitter = require('events');
  if (typeof options === 'function') { listener = options; options = {}; }
  p = pathOf(p);
  const watcher = new EventEmitter();
  const look = () => { const out = new Map(); try { const s = sync.stat(p); if (s.isDirectory()) for (const n of sync.readdir(p, { recursive: !!(options && options.recursive) })) { try { const t = sync.lstat(`${p}/${n}`); out.set(n, `${t.mtimeMs} ${t.size}`); } catch {} } else out.set(path.basename(p), `${s.mtimeMs} ${s.size}`); } catch {} return out; };
  let last = look();
  const timer = setInterval(() => { const now = look(); for (const [n, v] of now) if (last.get(n) !== v) watcher.emit('change', last.has(n) ? 'change' : 'rename', n); for (const n of last.keys()) if (!now.has(n)) watcher.emit('change', 'rename', n); last = now; }, 100);
  if (options && options.persistent === false) timer.unref();
  watcher.close = () => { clearInterval(timer); process.nextTick(() => watcher.emit('close')); };
  watcher.ref = () => timer.ref();
  watcher.unref = () => timer.unref();
  if (listener) watcher.on('change', listener);
  return watcher;
};

function lazyStreams() {
  const { Readable, Writable } = require('stream');
  class ReadStream extends Readable {
    constructor(p, options = {}) {
      if (typeof options === 'string') options = { encoding: options };
      super({ highWaterMark: 65536, ...options, read: undefined, destroy: undefined, construct: undefined });
      this.path = p; this.fd = options.fd ?? null; this.flags = options.flags || 'r'; this.mode = options.mode; this.start = options.start; this.end = options.end ?? Infinity; this.pos = options.start; this.bytesRead = 0; this.autoClose = options.autoClose !== false;
      if (typeof this.fd === 'object' && this.fd) this.fd = this.fd.fd;
      if (this.fd === null) { try { this.fd = sync.open(p, this.flags, this.mode); process.nextTick(() => { this.emit('open', this.fd); this.emit('ready'); }); } catch (e) { process.nextTick(() => this.destroy(e)); } }
      if (options.encoding) this.setEncoding && void 0;
    }
    get pending() { return this.fd === null; }
    _read(n) {
      if (this.fd === null) return;
      n = Math.min(n, 65536);
      if (this.end !== Infinity) n = Math.min(n, this.end - (this.pos ?? this.bytesRead) + 1);
      if (n <= 0) { this.push(null); return; }
      const b = Buffer.allocUnsafe(n);
      setImmediate(() => {
        if (this.destroyed) return;
        let got;
        try { got = sync.read(this.fd, b, 0, n, this.pos ?? null); } catch (e) { this.destroy(e); return; }
        if (this.pos !== undefined) this.pos += got;
        this.bytesRead += got;
        this.push(got ? b.subarray(0, got) : null);
      });
    }
    _destroy(error, callback) { if (this.fd !== null && this.autoClose && this.fd > 2) { try { sync.close(this.fd); } catch (e) { error = error || e; } } this.fd = null; callback(error); }
    close(callback) { if (callback) this.once('close', callback); this.destroy(); }
  }
  class WriteStream extends Writable {
    constructor(p, options = {}) {
      if (typeof options === 'string') options = { encoding: options };
      super({ ...options, write: undefined, destroy: undefined, construct: undefined, final: undefined, decodeStrings: true });
      this.path = p; this.fd = options.fd ?? null; this.flags = options.flags || 'w'; this.mode = options.mode; this.pos = options.start; this.bytesWritten = 0; this.autoClose = options.autoClose !== false;
      if (typeof this.fd === 'object' && this.fd) this.fd = this.fd.fd;
      if (options.encoding) this.setDefaultEncoding(options.encoding);
      if (this.fd === null) { try { this.fd = sync.open(p, this.flags, this.mode ?? 0o666); process.nextTick(() => { this.emit('open', this.fd); this.emit('ready'); }); } catch (e) { process.nextTick(() => this.destroy(e)); } }
    }
    get pending() { return this.fd === null; }
    _write(chunk, encoding, callback) {
      if (this.fd === null) { callback(system('EBADF', 'write')); return; }
      try { const n = sync.write(this.fd, chunk, 0, chunk.length, this.pos ?? null); this.bytesWritten += n; if (this.pos !== undefined) this.pos += n; } catch (e) { callback(e); return; }
      setImmediate(callback);
    }
    _destroy(error, callback) { if (this.fd !== null && this.autoClose && this.fd > 2) { try { sync.close(this.fd); } catch (e) { error = error || e; } } this.fd = null; callback(error); }
    close(callback) { if (callback) { if (this.closed) process.nextTick(callback); else this.once('close', callback); } if (!this.writableEnded) this.end(); else if (this.writableFinished) this.destroy(); }
  }
  WriteStream.prototype.destroySoon = WriteStream.prototype.end;
  return { ReadStream, WriteStream };
}
let streams;
for (const name of ['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream']) Object.defineProperty(exports, name, { configurable: true, enumerable: true, get() { streams ||= lazyStreams(); return streams[name.replace('File', '')]; }, set(v) { streams ||= lazyStreams(); streams[name] = v; } });
exports.createReadStream = (p, options) => { if (!(options && options.fd != null)) p = pathOf(p); return new exports.ReadStream(p, options || {}); };
exports.createWriteStream = (p, options) => { if (!(options && options.fd != null)) p = pathOf(p); return new exports.WriteStream(p, options || {}); };
exports.openAsBlob = async (p) => new Blob([sync.readFile(p)]);
Object.defineProperty(exports, 'promises', { enumerable: true, configurable: true, get: () => require('fs/promises') });
