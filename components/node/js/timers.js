const loop = require('internal/loop');
const custom = Symbol.for('nodejs.util.promisify.custom');
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearImmediate']) exports[name] = loop[name];
exports.clearInterval = loop.clearTimeout;
Object.defineProperty(exports, 'promises', { enumerable: true, get: () => require('timers/promises') });
Object.defineProperty(loop.setTimeout, custom, { configurable: true, get: () => require('timers/promises').setTimeout });
Object.defineProperty(loop.setImmediate, custom, { configurable: true, get: () => require('timers/promises').setImmediate });
