const loop = require('internal/loop');
const { AbortError } = require('internal/errors');
function wait(begin, clear, value, options = {}) {
  return new Promise((resolve, reject) => {
    const { signal, ref = true } = options || {};
    if (signal && signal.aborted) { reject(new AbortError(undefined, { cause: signal.reason })); return; }
    const timer = begin(() => { if (signal) signal.removeEventListener('abort', abort); resolve(value); });
    if (!ref) timer.unref();
    function abort() { clear(timer); reject(new AbortError(undefined, { cause: signal.reason })); }
    if (signal) signal.addEventListener('abort', abort, { once: true });
  });
}
exports.setTimeout = (ms, value, options) => wait((done) => loop.setTimeout(done, ms), loop.clearTimeout, value, options);
exports.setImmediate = (value, options) => wait((done) => loop.setImmediate(done), loop.clearImmediate, value, options);
exports.setInterval = async function* (ms, value, options) { for (;;) { await exports.setTimeout(ms, undefined, options); yield value; } };
exports.scheduler = { wait: (ms, options) => exports.setTimeout(ms, undefined, options), yield: () => exports.setImmediate() };
