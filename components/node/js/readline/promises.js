const readline = require('readline');
class Interface extends readline.createInterface({ input: new (require('stream').PassThrough)() }).constructor { question(q, o = {}) { return new Promise((resolve, reject) => { if (o.signal) { const stop = () => reject(new (require('internal/errors').AbortError)()); if (o.signal.aborted) { stop(); return; } o.signal.addEventListener('abort', stop, { once: true }); } super.question(q, o, resolve); }); } }
exports.Interface = Interface;
exports.createInterface = (...args) => new Interface(...args);
exports.Readline = class { constructor(s) { this.s = s; this.t = ''; } cursorTo(x, y) { this.t += y === undefined ? `\x1b[${x + 1}G` : `\x1b[${y + 1};${x + 1}H`; return this; } clearLine() { this.t += '\x1b[2K'; return this; } moveCursor() { return this; } clearScreenDown() { this.t += '\x1b[0J'; return this; } commit() { this.s.write(this.t); this.t = ''; return Promise.resolve(); } rollback() { this.t = ''; return this; } };
