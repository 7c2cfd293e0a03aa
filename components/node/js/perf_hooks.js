const { EventTarget } = require('internal/dom');
class PerformanceEntry { constructor(name, entryType, startTime, duration, detail) { Object.assign(this, { name, entryType, startTime, duration, detail }); } toJSON() { return { ...this }; } }
const origin = binding.wallClock() - binding.now();
let entries = [];
const observers = new Set();
const note = (e) => { entries.push(e); if (entries.length > 10000) entries.shift(); for (const o of observers) if (o.types.includes(e.entryType)) { o.list.push(e); queueMicrotask(() => { const l = o.list.splice(0); if (l.length) o.callback({ getEntries: () => l, getEntriesByName: (n) => l.filter((x) => x.name === n), getEntriesByType: (t) => l.filter((x) => x.entryType === t) }, o); }); } return e; };
class Performance extends EventTarget {
  get timeOrigin() { return origin; }
  now() { return binding.now(); }
  mark(name, o = {}) { return note(new PerformanceEntry(`${name}`, 'mark', o.startTime ?? binding.now(), 0, o.detail ?? null)); }
  measure(name, a, b) { const at = (m, other) => { if (m === undefined) return other; if (typeof m === 'number') return m; const f = entries.filter((e) => e.name === m && e.entryType === 'mark').pop(); if (!f) throw new DOMException(`The "${m}" performance mark has not been set`, 'SyntaxError'); return f.startTime; }; const o = a && typeof a === 'object' ? a : { start: a, end: b }; const start = at(o.start, 0); return note(new PerformanceEntry(`${name}`, 'measure', start, at(o.end, binding.now()) - start, o.detail ?? null)); }
  getEntries() { return [...entries]; }
  getEntriesByName(n, t) { return entries.filter((e) => e.name === n && (!t || e.entryType === t)); }
  getEntriesByType(t) { return entries.filter((e) => e.entryType === t); }
  clearMarks(n) { entries = entries.filter((e) => e.entryType !== 'mark' || (n !== undefined && e.name !== n)); }
  clearMeasures(n) { entries = entries.filter((e) => e.entryType !== 'measure' || (n !== undefined && e.name !== n)); }
  clearResourceTimings() {}
  timerify(fn) { return fn; }
  eventLoopUtilization() { return { idle: 0, active: 0, utilization: 0 }; }
  toJSON() { return { timeOrigin: origin }; }
}
exports.performance = new Performance();
exports.Performance = Performance;
exports.PerformanceEntry = PerformanceEntry;
exports.PerformanceObserver = class PerformanceObserver { constructor(callback) { this.callback = callback; this.types = []; this.list = []; } observe(o) { this.types = o.entryTypes || [o.type]; observers.add(this); } disconnect() { observers.delete(this); } static get supportedEntryTypes() { return ['mark', 'measure']; } };
exports.monitorEventLoopDelay = () => ({ enable() {}, disable() {}, min: 0, max: 0, mean: 0, stddev: 0, percentile: () => 0, reset() {} });
exports.constants = {};
