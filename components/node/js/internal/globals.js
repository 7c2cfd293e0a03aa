// The globals beside the language's own; what is seldom used is made when it is first asked for.
const loop = require('internal/loop');
function define(name, value) { Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false }); }
function lazy(names, from, pick) {
  for (const name of names) {
    Object.defineProperty(globalThis, name, {
      configurable: true, enumerable: false,
      get() { const value = pick ? pick(require(from), name) : require(from)[name]; define(name, value); return value; },
      set(value) { define(name, value); },
    });
  }
}
exports.install = function install() {
  define('global', globalThis);
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearImmediate']) {
    Object.defineProperty(globalThis, name, { value: loop[name], writable: true, configurable: true, enumerable: true });
  }
  Object.defineProperty(globalThis, 'clearInterval', { value: loop.clearTimeout, writable: true, configurable: true, enumerable: true });
  Object.defineProperty(globalThis, 'queueMicrotask', { writable: true, configurable: true, enumerable: true, value: function queueMicrotask(callback) {
    if (typeof callback !== 'function') throw require('internal/errors').argType('callback', 'of type function', callback);
    Promise.resolve().then(() => { try { callback(); } catch (error) { loop.uncaught(error); } });
  } });
  lazy(['console'], 'internal/console', (m) => m.console);
  lazy(['Buffer', 'atob', 'btoa'], 'buffer');
  lazy(['URL', 'URLSearchParams'], 'internal/url');
  lazy(['TextEncoder', 'TextDecoder'], 'internal/encoding');
  lazy(['Event', 'EventTarget', 'CustomEvent', 'AbortController', 'AbortSignal', 'DOMException', 'MessageChannel', 'MessagePort', 'MessageEvent', 'BroadcastChannel', 'ErrorEvent', 'CloseEvent'], 'internal/dom');
  lazy(['structuredClone'], 'internal/clone');
  lazy(['Blob', 'File', 'FormData', 'Headers', 'Request', 'Response', 'fetch'], 'internal/fetch');
  lazy(['ReadableStream', 'WritableStream', 'TransformStream', 'ReadableStreamDefaultReader', 'ReadableStreamDefaultController', 'ReadableStreamBYOBReader', 'WritableStreamDefaultWriter', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'TextEncoderStream', 'TextDecoderStream', 'CompressionStream', 'DecompressionStream'], 'stream/web');
  lazy(['performance', 'PerformanceObserver', 'PerformanceEntry'], 'perf_hooks');
  lazy(['crypto'], 'crypto', (m) => m.webcrypto);
  lazy(['navigator'], 'internal/navigator', (m) => m.navigator);
  if (typeof globalThis.Intl === 'undefined') lazy(['Intl'], 'internal/intl', (m) => m.Intl);
};
