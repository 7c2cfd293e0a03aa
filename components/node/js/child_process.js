// Other programs of the sandbox.
const EventEmitter = require('events');
const { Buffer } = require('buffer');
const loop = require('internal/loop');
const { system, argType, coded, AbortError } = require('internal/errors');
const { SIGNALS, signalName } = require('internal/process');
const { Writable, Readable } = require('stream');

function writer(handle) {
  let pending = null;
  let watcher = null;
  const push = () => {
    while (pending) {
      let n;
      try { n = binding.streamWrite(handle, pending.bytes, pending.at); } catch (e) { const { callback } = pending; pending = null; watcher && watcher.stop(); callback(system(e, 'write')); return; }
      if (n === 0) { if (!watcher) watcher = loop.watch(handle, 1, push); else watcher.start(); return; }
      pending.at += n;
      if (pending.at >= pending.bytes.length) { const { callback } = pending; pending = null; if (watcher) watcher.stop(); callback(); }
    }
  };
  return new Writable({
    write(chunk, encoding, callback) { pending = { bytes: typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, at: 0, callback }; push(); },
    final(callback) { binding.handleClose(handle); callback(); },
    destroy(error, callback) { if (watcher) watcher.stop(); binding.handleClose(handle); callback(error); },
  });
}

function normal(stdio) {
  if (stdio == null) stdio = 'pipe';
  if (typeof stdio === 'string') stdio = [stdio, stdio, stdio];
  return [0, 1, 2].map((i) => (stdio[i] == null ? (i < 3 ? 'pipe' : 'ignore') : stdio[i]));
}
// What the host is told of a stream, and our end of it.
function stream(kind, i) {
  if (kind === 'pipe' || kind === 'overlapped') { const [r, w] = binding.pipe(); return i === 0 ? { tell: `h${r}`, theirs: r, ours: w } : { tell: `h${w}`, theirs: w, ours: r }; }
  if (kind === 'inherit') return { tell: `i${i}` };
  if (kind === 'ignore' || kind === 'ipc' || kind === null) return { tell: 'n' };
  const fd = typeof kind === 'number' ? kind : kind.fd;
  if (typeof fd === 'number') return fd < 3 ? { tell: `i${fd}` } : { tell: `${binding.pathOf(fd)}`.replace(/^w/, 'a') };
  throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'stdio' is invalid. Received ${require('util').inspect(kind)}`);
}
function start(file, args, options) {
  if (typeof file !== 'string') throw argType('file', 'of type string', file);
  if (file === '') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'file' cannot be empty. Received ''");
  let list = [options.argv0 === undefined ? file : file, ...args.map(String)];
  if (options.shell) list = [typeof options.shell === 'string' ? options.shell : '/bin/sh', '-c', [file, ...args].join(' ')];
  if (list.some((a) => a.includes('\0'))) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', 'The argument must be a string without null bytes.');
  const env = Object.entries(options.env || process.env).filter(([, v]) => v !== undefined).map(([k, v]) => [k, `${v}`]);
  let cwd = options.cwd === undefined || options.cwd === null ? process.cwd() : options.cwd instanceof URL ? require('url').fileURLToPath(options.cwd) : require('path').resolve(options.cwd);
  if (options.cwd != null) { try { if (binding.stat(cwd, true)[0] !== 0o40000) throw 'ENOTDIR'; } catch (e) { throw Object.assign(typeof e === 'string' ? new String(e === 'ENOTDIR' ? 'ENOENT' : e) : e); } }
  if (!env.some(([k]) => k === 'PWD')) env.push(['PWD', cwd]);
  const streams = normal(options.stdio).map(stream);
  try {
    const [handle, pid] = binding.spawn(list, env.map(([k, v]) => (k === 'PWD' ? [k, cwd] : [k, v])), cwd, streams.map((s) => s.tell), !!options.detached);
    return { handle, pid, streams, list };
  } catch (e) {
    for (const s of streams) if (s.ours) binding.handleClose(s.ours);
    throw e;
  } finally {
    for (const s of streams) if (s.theirs) binding.handleClose(s.theirs);
  }
}
const failure = (e, file, args) => { const code = typeof e === 'string' ? e : e instanceof String ? String(e) : null; if (!code) return e; const error = system(code, `spawn ${file}`); error.message = `spawn ${file} ${code}`; error.stack = `Error: ${error.message}`; error.path = file; error.spawnargs = args; return error; };

class ChildProcess extends EventEmitter {
  constructor() {
    super();
    Object.assign(this, { exitCode: null, signalCode: null, killed: false, stdin: null, stdout: null, stderr: null, stdio: [], connected: false, spawnargs: [], spawnfile: '' });
  }
  kill(signal = 'SIGTERM') {
    const n = typeof signal === 'number' ? signal : SIGNALS[signal];
    if (n === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
    if (this.exitCode !== null || this.signalCode !== null || !this.pid) return false;
    try { binding.kill(this.pid, n); } catch { return false; }
    if (n) this.killed = true;
    return true;
  }
  ref() { if (this._watcher) this._watcher.ref(); }
  unref() { if (this._watcher) this._watcher.unref(); for (const s of this.stdio) if (s && s.unref) s.unref(); }
  disconnect() {}
  send() { throw require('internal/errors').absent('A channel between processes', 'use pipes'); }
  [Symbol.dispose || Symbol.for('nodejs.dispose')]() { this.kill(); }
}
exports.ChildProcess = ChildProcess;
const split = (args, options) => (Array.isArray(args) ? [args, options || {}] : [[], args || options || {}]);

exports.spawn = function spawn(file, a, o) {
  const [args, options] = split(a, o);
  const child = new ChildProcess();
  Object.defineProperty(child, '_watcher', { value: null, writable: true });
  child.spawnfile = options.shell ? '/bin/sh' : file;
  child.spawnargs = [file, ...args];
  let started;
  try { started = start(file, args, options); } catch (e) {
    const error = failure(e, file, args);
    if (error instanceof TypeError) throw error;
    const { PassThrough } = require('stream');
    normal(options.stdio).forEach((k, i) => { child.stdio[i] = k === 'pipe' ? (i === 0 ? new PassThrough().resume() : Readable.from([])) : null; });
    [child.stdin, child.stdout, child.stderr] = child.stdio;
    process.nextTick(() => { child.exitCode = error.errno; child.emit('error', error); child.emit('close', error.errno, null); });
    return child;
  }
  child.pid = started.pid;
  let open = 1;
  const closed = () => { if (--open === 0) process.nextTick(() => child.emit('close', child.exitCode, child.signalCode)); };
  started.streams.forEach((s, i) => {
    if (!s.ours) { child.stdio[i] = null; return; }
    if (i === 0) child.stdio[i] = writer(s.ours);
    else { open++; const r = require('internal/stdio').fromHandle(s.ours); child.stdio[i] = r; r.once('close', closed); }
  });
  [child.stdin, child.stdout, child.stderr] = child.stdio;
  child._watcher = loop.watch(started.handle, 2, () => {
    const status = binding.processStatus(started.handle);
    if (!status.length) return;
    child._watcher.stop();
    binding.handleClose(started.handle);
    child.exitCode = status[0] < 0 ? null : status[0];
    child.signalCode = status[1] < 0 ? null : signalName(status[1]);
    if (child.stdin && !child.stdin.destroyed) child.stdin.destroy();
    child.emit('exit', child.exitCode, child.signalCode);
    // Output that nobody reads is thrown away, so that the end can come.
    process.nextTick(() => { for (const s of [child.stdout, child.stderr]) if (s && !s.destroyed && s.readableFlowing === null && s.listenerCount('readable') === 0) s.resume(); });
    closed();
  });
  if (options.timeout) { const t = setTimeout(() => child.kill(options.killSignal || 'SIGTERM'), options.timeout); child.once('exit', () => clearTimeout(t)); }
  if (options.signal) { const stop = () => { child.kill(options.killSignal || 'SIGTERM'); child.emit('error', new AbortError(undefined, { cause: options.signal.reason })); }; if (options.signal.aborted) process.nextTick(stop); else options.signal.addEventListener('abort', stop, { once: true }); }
  process.nextTick(() => child.emit('spawn'));
  return child;
};

exports.execFile = function execFile(file, ...rest) {
  const callback = typeof rest[rest.length - 1] === 'function' ? rest.pop() : null;
  const [args, options] = split(rest[0], rest[1]);
  const o = { encoding: 'utf8', maxBuffer: 1024 * 1024, ...options };
  const child = exports.spawn(file, args, { ...o, stdio: 'pipe' });
  const out = [[], []];
  const sizes = [0, 0];
  let problem = null;
  const text = (list) => (o.encoding && o.encoding !== 'buffer' ? Buffer.concat(list).toString(o.encoding) : Buffer.concat(list));
  [child.stdout, child.stderr].forEach((s, i) => s && s.on('data', (c) => {
    sizes[i] += c.length;
    if (sizes[i] > o.maxBuffer) { out[i].push(c.subarray(0, c.length - (sizes[i] - o.maxBuffer))); if (!problem) { problem = coded(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', `${i ? 'stderr' : 'stdout'} maxBuffer length exceeded`); child.kill(o.killSignal || 'SIGTERM'); } } else out[i].push(c);
  }));
  child.on('error', (e) => { problem ||= e; });
  child.on('close', (code, signal) => {
    if (!callback) return;
    const cmd = o.shell ? file : [file, ...args].join(' ');
    const stdout = text(out[0]);
    const stderr = text(out[1]);
    if (!problem && code === 0 && signal === null) { callback(null, stdout, stderr); return; }
    const error = problem || Object.assign(new Error(`Command failed: ${cmd}\n${stderr}`), { code, killed: child.killed, signal });
    if (!problem && code === null) error.code = null;
    error.cmd = cmd;
    if (error.stdout === undefined) { error.stdout = stdout; error.stderr = stderr; }
    callback(error, stdout, stderr);
  });
  return child;
};
exports.exec = function exec(command, options, callback) {
  if (typeof options === 'function') { callback = options; options = {}; }
  return exports.execFile(command, [], { ...options, shell: (options && options.shell) || true }, callback);
};
for (const name of ['exec', 'execFile']) {
  exports[name][Symbol.for('nodejs.util.promisify.custom')] = (...args) => {
    let child;
    const promise = new Promise((resolve, reject) => { child = exports[name](...args, (error, stdout, stderr) => { if (error) reject(Object.assign(error, { stdout, stderr })); else resolve({ stdout, stderr }); }); });
    promise.child = child;
    return promise;
  };
}
exports.fork = function fork(file, a, o) {
  const [args, options] = split(a, o);
  return exports.spawn(process.execPath, [...(options.execArgv || []), file, ...args], { stdio: options.silent ? 'pipe' : 'inherit', ...options });
};

exports.spawnSync = function spawnSync(file, a, o) {
  const [args, given] = split(a, o);
  const options = { maxBuffer: 1024 * 1024 * 64, ...given };
  const kinds = normal(options.stdio);
  const result = { pid: 0, output: null, stdout: null, stderr: null, status: null, signal: null };
  let started;
  try { started = start(file, args, { ...options, stdio: kinds }); } catch (e) {
    const error = failure(e, file, args);
    if (error instanceof TypeError) throw error;
    error.syscall = `spawnSync ${file}`;
    error.message = error.message.replace('spawn ', 'spawnSync ');
    return { ...result, error };
  }
  result.pid = started.pid;
  const [stdin, ...outs] = started.streams;
  let input = options.input == null ? null : typeof options.input === 'string' ? Buffer.from(options.input, options.encoding && options.encoding !== 'buffer' ? options.encoding : 'utf8') : Buffer.from(options.input.buffer, options.input.byteOffset, options.input.byteLength);
  let at = 0;
  if (stdin.ours && !input) { binding.handleClose(stdin.ours); stdin.ours = 0; }
  const parts = [[], []];
  const sizes = [0, 0];
  const deadline = options.timeout ? binding.now() + options.timeout : Infinity;
  let status = [];
  const kill = (error) => { result.error ||= error; try { binding.kill(started.pid, typeof options.killSignal === 'number' ? options.killSignal : SIGNALS[options.killSignal || 'SIGTERM']); } catch {} };
  for (;;) {
    const what = [];
    if (!status.length) what.push(started.handle, 2);
    if (stdin.ours) what.push(stdin.ours, 1);
    for (const s of outs) if (s.ours) what.push(s.ours, 0);
    if (!what.length) break;
    const left = deadline - binding.now();
    if (left <= 0 && !result.error) { const e = system('ETIMEDOUT', `spawnSync ${file}`); e.message = `spawnSync ${file} ETIMEDOUT`; kill(e); }
    binding.poll(what, deadline === Infinity || result.error ? -1 : Math.max(0, left));
    if (stdin.ours) {
      try { at += binding.streamWrite(stdin.ours, input, at); } catch { at = input.length; }
      if (at >= input.length) { binding.handleClose(stdin.ours); stdin.ours = 0; }
    }
    outs.forEach((s, i) => {
      for (let c; s.ours && (c = binding.streamRead(s.ours, 65536)) !== null;) {
        if (c === false) { binding.handleClose(s.ours); s.ours = 0; break; }
        sizes[i] += c.length;
        if (sizes[i] > options.maxBuffer) { if (!result.error) { const e = system('ENOBUFS', `spawnSync ${file}`); e.code = 'ENOBUFS'; e.message = `spawnSync ${file} ENOBUFS`; kill(e); } break; }
        parts[i].push(c);
      }
    });
    if (!status.length) { status = binding.processStatus(started.handle); if (status.length && stdin.ours) { binding.handleClose(stdin.ours); stdin.ours = 0; } }
  }
  binding.handleClose(started.handle);
  const text = (i) => (kinds[i + 1] === 'pipe' ? (options.encoding && options.encoding !== 'buffer' ? Buffer.concat(parts[i]).toString(options.encoding) : Buffer.concat(parts[i])) : null);
  result.stdout = text(0);
  result.stderr = text(1);
  result.output = [null, result.stdout, result.stderr];
  result.status = status[0] < 0 ? null : status[0];
  result.signal = status[1] < 0 ? null : signalName(status[1]);
  return result;
};
function checked(result, options, command) {
  if (result.error) throw Object.assign(result.error, result);
  if (result.status !== 0) {
    const error = new Error(`Command failed: ${command}${result.stderr && result.stderr.length ? `\n${result.stderr}` : ''}`);
    throw Object.assign(error, result);
  }
  return result.stdout;
}
const piped = (o) => (o && o.stdio ? o.stdio : ['pipe', 'pipe', 'inherit']);
exports.execFileSync = function execFileSync(file, a, o) {
  const [args, options] = split(a, o);
  const result = exports.spawnSync(file, args, { ...options, stdio: options.stdio || 'pipe' });
  if (!options.stdio && result.stderr && result.stderr.length) process.stderr.write(result.stderr);
  return checked(result, options, [file, ...args].join(' '));
};
exports.execSync = function execSync(command, options = {}) {
  const result = exports.spawnSync(command, [], { ...options, shell: options.shell || true, stdio: options.stdio || 'pipe' });
  if (!options.stdio && result.stderr && result.stderr.length) process.stderr.write(result.stderr);
  return checked(result, options, command);
};
void piped;
