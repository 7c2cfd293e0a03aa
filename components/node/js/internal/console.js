// `console`.
const { formatWithOptions, inspect } = require('internal/inspect');
const groups = Symbol('groups');
class Console {
  constructor(options, stderr) {
    const out = options && typeof options.write === 'function' ? { stdout: options, stderr: stderr || options } : { stderr: options && options.stdout, ...options };
    const counts = new Map();
    const timers = new Map();
    this[groups] = '';
    const write = (which, text) => {
      if (this[groups]) text = this[groups] + text.replaceAll('\n', `\n${this[groups]}`);
      text += '\n';
      if (out.stdout) { out[which === 1 ? 'stdout' : 'stderr'].write(text); return; }
      const stream = which === 1 ? internal.stdout : internal.stderr;
      if (stream) stream.write(text);
      else try { binding.print(which, text); } catch {}
    };
    const colors = { 1: undefined, 2: undefined };
    const options_ = (which) => {
      colors[which] ??= out.colorMode === true || (!out.stdout && binding.isTerminal(which) && !process.env.NO_COLOR && process.env.TERM !== 'dumb');
      return colors[which] ? { colors: true } : {};
    };
    const log = (...args) => write(1, args.length === 1 && typeof args[0] === 'string' ? args[0] : formatWithOptions(options_(1), ...args));
    const warn = (...args) => write(2, formatWithOptions(options_(2), ...args));
    const shown = (ms) => (ms >= 60000 ? `${Math.floor(ms / 60000)}:${((ms % 60000) / 1000).toFixed(3).padStart(6, '0')} (m:ss.mmm)` : ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms.toFixed(ms < 10 ? 3 : ms < 100 ? 3 : 3).replace(/\.?0+$/, '')}ms`);
    Object.assign(this, {
      log, info: log, debug: log, warn, error: warn,
      trace: (...args) => { const e = { name: 'Trace', message: formatWithOptions({}, ...args) }; Error.captureStackTrace(e, this.trace); warn(e.stack.replace(/^[^\n]*/, `Trace${e.message ? `: ${e.message}` : ''}`)); },
      assert: (ok, ...args) => { if (!ok) { if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`; else args.unshift('Assertion failed'); warn(...args); } },
      dir: (value, options) => write(1, inspect(value, { customInspect: false, ...options_(1), ...options })),
      dirxml: log,
      table: (data, properties) => table(log, data, properties),
      count: (label = 'default') => { const n = (counts.get(`${label}`) || 0) + 1; counts.set(`${label}`, n); log(`${label}: ${n}`); },
      countReset: (label = 'default') => { if (!counts.delete(`${label}`)) process.emitWarning(`Count for '${label}' does not exist`); },
      time: (label = 'default') => { if (timers.has(`${label}`)) process.emitWarning(`Label '${label}' already exists for console.time()`); else timers.set(`${label}`, binding.now()); },
      timeEnd: (label = 'default') => { if (!timers.has(`${label}`)) { process.emitWarning(`No such label '${label}' for console.timeEnd()`); return; } log(`${label}: ${shown(binding.now() - timers.get(`${label}`))}`); timers.delete(`${label}`); },
      timeLog: (label = 'default', ...args) => { if (!timers.has(`${label}`)) { process.emitWarning(`No such label '${label}' for console.timeLog()`); return; } log(`${label}: ${shown(binding.now() - timers.get(`${label}`))}`, ...args); },
      timeStamp: () => {}, profile: () => {}, profileEnd: () => {},
      group: (...args) => { if (args.length) log(...args); this[groups] += '  '; },
      groupEnd: () => { this[groups] = this[groups].slice(0, -2); },
      clear: () => { if (binding.isTerminal(1)) write(1, '\x1b[1;1H\x1b[0J'); },
    });
    this.groupCollapsed = this.group;
    Object.defineProperty(this, groups, { enumerable: false });
  }
}
function table(log, data, properties) {
  if (data === null || typeof data !== 'object') { log(data); return; }
  const entries = data instanceof Map ? [...data].map(([k, v], i) => [i, { Key: k, Values: v }]) : data instanceof Set ? [...data].map((v, i) => [i, v]) : Object.entries(data);
  const columns = [];
  let plain = false;
  const rows = [];
  for (const [key, row] of entries) {
    const cells = { '': String(key) };
    if (row !== null && typeof row === 'object') for (const c of properties || Object.keys(row)) { if (!columns.includes(c)) columns.push(c); if (Object.prototype.hasOwnProperty.call(row, c)) cells[`.${c}`] = inspect(row[c], { depth: -1 + (row[c] && typeof row[c] === 'object' ? 0 : 1), maxArrayLength: 3, breakLength: Infinity }); }
    else { plain = true; cells.values = inspect(row); }
    rows.push(cells);
  }
  const heads = [['', data instanceof Map || data instanceof Set ? '(iteration index)' : '(index)'], ...columns.map((c) => [`.${c}`, c]), ...(plain ? [['values', 'Values']] : [])];
  const { width } = require('internal/inspect');
  const widths = heads.map(([k, h]) => Math.max(width(h), ...rows.map((r) => width(r[k] || ''))) + 2);
  const line = (l, m, r) => l + widths.map((w) => '─'.repeat(w)).join(m) + r;
  const cell = (text, w) => ` ${text}${' '.repeat(w - width(text) - 1)}`;
  log([line('┌', '┬', '┐'), `│${heads.map(([, h], i) => cell(h, widths[i])).join('│')}│`, line('├', '┼', '┤'), ...rows.map((r) => `│${heads.map(([k], i) => cell(r[k] || '', widths[i])).join('│')}│`), line('└', '┴', '┘')].join('\n'));
}
exports.Console = Console;
exports.console = new Console();
Object.defineProperty(exports.console, 'Console', { value: Console, writable: true, configurable: true });
Object.defineProperty(exports.console, Symbol.toStringTag, { value: 'console', configurable: true });
