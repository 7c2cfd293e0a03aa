// `process`.
const EventEmitter = require('events');
const { coded, system, argType } = require('internal/errors');
const loop = require('internal/loop');

const VERSION = 'v22.12.0';
const SIGNALS = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10,
  SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20,
  SIGTTIN: 21, SIGTTOU: 22, SIGWINCH: 28, SIGIO: 29, SIGPWR: 30, SIGSYS: 31,
};
exports.SIGNALS = SIGNALS;
exports.signalName = (number) => Object.keys(SIGNALS).find((name) => SIGNALS[name] === number) || null;
const CATCHABLE = new Set([1, 2, 3, 10, 12, 13, 14, 15, 20, 28]);

function Process() {}
Object.setPrototypeOf(Process.prototype, EventEmitter.prototype);
Object.defineProperty(Process, 'name', { value: 'process' });
Object.defineProperty(Process.prototype, Symbol.toStringTag, { value: 'process', configurable: true });
const process = new Process();
EventEmitter.call(process);
Object.defineProperty(globalThis, 'process', { value: process, writable: true, configurable: true, enumerable: false });

const variables = Object.create(null);
for (const [name, value] of binding.environment) variables[name] = value;
process.env = new Proxy(variables, {
  set(target, name, value) {
    if (typeof name === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    target[name] = `${value}`;
    return true;
  },
  defineProperty(target, name, descriptor) {
    if ('value' in descriptor) target[name] = `${descriptor.value}`;
    return true;
  },
});
process.title = 'node';
process.version = VERSION;
process.versions = {
  node: VERSION.slice(1), quickjs: '0.16.2', v8: '12.4.254.21-node.21', uv: '1.49.1', zlib: '1.3.0', modules: '127', unicode: '16.0',
};
process.arch = 'wasm32';
process.platform = 'linux';
process.release = { name: 'node', lts: 'Jod' };
process.argv = binding.argv.slice();
process.argv0 = binding.argv[0];
process.execArgv = [];
process.execPath = '/usr/bin/node';
process.exitCode = undefined;
process.debugPort = 9229;
process.features = { inspector: false, debug: false, uv: false, ipv6: true, tls: true, typescript: 'transform' };
process.config = { target_defaults: {}, variables: {} };
process.allowedNodeEnvironmentFlags = new Set();
process.report = undefined;
const lazy = (name, make) => Object.defineProperty(process, name, {
  configurable: true, enumerable: true,
  get() { const value = make(); Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: true }); return value; },
  set(value) { Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: true }); },
});
lazy('pid', () => binding.pid());
lazy('ppid', () => binding.parentPid());
lazy('stdin', () => require('internal/stdio').stdin());
lazy('stdout', () => { const s = require('internal/stdio').output(1); internal.stdout = s; return s; });
lazy('stderr', () => { const s = require('internal/stdio').output(2); internal.stderr = s; return s; });

process.cwd = () => binding.cwd();
process.chdir = (path) => {
  if (typeof path !== 'string') throw argType('directory', 'of type string', path);
  const from = binding.cwd();
  try { binding.chdir(path); } catch (e) { throw system(e, 'chdir', from, path); }
};
process.exit = (code) => {
  if (code !== undefined) process.exitCode = code;
  loop.exit(process.exitCode);
};
process.reallyExit = (code) => binding.exit(code || 0);
process.abort = () => binding.exit(134);
process.nextTick = loop.nextTick;
process.hrtime = (since) => {
  const now = binding.now();
  let seconds = Math.floor(now / 1000) + 1000;
  let nanos = Math.floor((now % 1000) * 1e6);
  if (since) {
    seconds -= since[0];
    nanos -= since[1];
    if (nanos < 0) { seconds--; nanos += 1e9; }
  }
  return [seconds, nanos];
};
process.hrtime.bigint = () => BigInt(Math.floor(binding.now() * 1e6)) + 1000000000000n;
process.uptime = () => binding.now() / 1000;
process.memoryUsage = () => {
  const [used] = binding.memoryUsage();
  return { rss: used + (4 << 20), heapTotal: used, heapUsed: used, external: 0, arrayBuffers: 0 };
};
process.memoryUsage.rss = () => process.memoryUsage().rss;
process.constrainedMemory = () => 0;
process.availableMemory = () => 1 << 30;
process.resourceUsage = () => ({ userCPUTime: Math.floor(binding.now() * 1000), systemCPUTime: 0, maxRSS: 0 });
process.cpuUsage = (since) => {
  const user = Math.floor(binding.now() * 1000);
  return { user: since ? user - since.user : user, system: 0 };
};
let mask = 0o22;
process.umask = (value) => { const old = mask; if (value !== undefined) mask = typeof value === 'string' ? parseInt(value, 8) : value; return old; };
process.getuid = process.geteuid = () => 1000;
process.getgid = process.getegid = () => 1000;
process.getgroups = () => [1000];
process.kill = (pid, signal = 'SIGTERM') => {
  if (typeof pid !== 'number' || !Number.isInteger(pid)) throw argType('pid', 'of type number', pid);
  const number = typeof signal === 'number' ? signal : SIGNALS[signal];
  if (number === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
  try { binding.kill(pid, number); } catch (e) { throw system(e, 'kill'); }
  return true;
};
process.emitWarning = (warning, type, code) => {
  let detail;
  if (type && typeof type === 'object') ({ type, code, detail } = type);
  if (!(warning instanceof Error)) {
    warning = Object.assign(new Error(warning), { name: type || 'Warning' });
    if (code) warning.code = code;
    if (detail) warning.detail = detail;
  }
  if (warning.name === 'DeprecationWarning' && process.noDeprecation) return;
  process.nextTick(() => {
    process.emit('warning', warning);
    if (process.noWarnings) return;
    binding.print(2, `(node:${process.pid}) ${warning.code ? `[${warning.code}] ` : ''}${warning.name}: ${warning.message}\n${warning.detail ? warning.detail + '\n' : ''}`);
  });
};
process.binding = (name) => { throw coded(Error, 'ERR_INVALID_MODULE', `No such module: ${name}`); };
process.dlopen = () => { throw require('internal/errors').absent('A native addon', 'use a package that is JavaScript alone'); };
process.getBuiltinModule = (name) => { name = name.replace(/^node:/, ''); return internal.isBuiltin(name) ? internal.loadBuiltin(name) : undefined; };
process.setUncaughtExceptionCaptureCallback = (callback) => {
  process.removeAllListeners('uncaughtException');
  if (callback) process.on('uncaughtException', callback);
};
process.hasUncaughtExceptionCaptureCallback = () => false;
process.setSourceMapsEnabled = () => {};
process.getActiveResourcesInfo = () => [];
process.stdin_used = undefined;
delete process.stdin_used;

// Signals are caught for as long as somebody listens.
let watcher = null;
function update() {
  const wanted = [...new Set(process.eventNames().map((name) => SIGNALS[name]).filter((n) => CATCHABLE.has(n)))];
  try { binding.catchSignals(wanted); } catch {}
  if (wanted.length && !watcher) {
    watcher = loop.watch(0, 2, () => {
      for (let n; (n = binding.takeSignal()) !== null;) process.emit(exports.signalName(n), exports.signalName(n), n);
    });
    watcher.unref();
  } else if (!wanted.length && watcher) {
    watcher.stop();
    watcher = null;
  }
}
EventEmitter.prototype.on.call(process, 'newListener', (name) => { if (SIGNALS[name]) queueMicrotask(update); });
EventEmitter.prototype.on.call(process, 'removeListener', (name) => { if (SIGNALS[name]) queueMicrotask(update); });
exports.process = process;
