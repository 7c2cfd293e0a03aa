// `process.stdin`, `stdout` and `stderr`.
const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const loop = require('internal/loop');
const { system } = require('internal/errors');

exports.output = function output(descriptor) {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      try {
        if (typeof chunk === 'string' && (encoding === 'utf8' || encoding === 'utf-8')) binding.print(descriptor, chunk);
        else { const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk; binding.write(descriptor, bytes, 0, bytes.length, -1); }
      } catch (e) { callback(system(e, 'write')); return; }
      callback();
    },
    destroy(error, callback) { callback(error); },
  });
  stream.fd = descriptor;
  stream._type = 'fs';
  stream._isStdio = true;
  stream.destroySoon = stream.destroy;
  if (binding.isTerminal(descriptor)) {
    stream._type = 'tty';
    stream.isTTY = true;
    const size = () => { const s = binding.terminalSize(descriptor); return s.length ? s : [80, 24]; };
    Object.defineProperties(stream, { columns: { enumerable: true, configurable: true, get: () => size()[0] }, rows: { enumerable: true, configurable: true, get: () => size()[1] } });
    stream.getWindowSize = size;
    const depth = () => (process.env.NO_COLOR || process.env.TERM === 'dumb' ? 1 : /256/.test(process.env.TERM || '') ? 8 : 4);
    stream.getColorDepth = depth;
    stream.hasColors = (n = 16) => 2 ** depth() >= n;
    const readline = () => require('readline');
    stream.clearLine = (d, cb) => readline().clearLine(stream, d, cb);
    stream.cursorTo = (x, y, cb) => readline().cursorTo(stream, x, y, cb);
    stream.moveCursor = (x, y, cb) => readline().moveCursor(stream, x, y, cb);
    stream.clearScreenDown = (cb) => readline().clearScreenDown(stream, cb);
  }
  return stream;
};

exports.fromHandle = function fromHandle(handle, options) {
  let watcher = null;
  const stream = new Readable({
    ...options,
    read() {
      if (watcher) { watcher.start(); return; }
      watcher = loop.watch(handle, 0, () => {
        let chunk;
        try { chunk = binding.streamRead(handle, 65536); } catch (e) { watcher.stop(); stream.destroy(system(e, 'read')); return; }
        if (chunk === null) return;
        if (chunk === false) { watcher.stop(); stream.push(null); return; }
        const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        if (!stream.push(bytes)) watcher.stop();
      });
      if (!stream.referenced) watcher.unref();
    },
    destroy(error, callback) { if (watcher) watcher.stop(); binding.handleClose(handle); callback(error); },
  });
  stream.referenced = true;
  stream.ref = () => { stream.referenced = true; if (watcher) watcher.ref(); return stream; };
  stream.unref = () => { stream.referenced = false; if (watcher) watcher.unref(); return stream; };
  const pause = stream.pause;
  stream.pause = function () { if (watcher) watcher.stop(); return pause.call(this); };
  const resume = stream.resume;
  stream.resume = function () { const r = resume.call(this); if (watcher && !stream.destroyed && !stream.readableEnded && !stream._readableState.ended) watcher.start(); return r; };
  return stream;
};

exports.stdin = function stdin() {
  let stream;
  try { stream = exports.fromHandle(binding.stdin()); } catch { stream = new Readable({ read() { this.push(null); } }); }
  stream.fd = 0;
  if (binding.isTerminal(0)) {
    stream.isTTY = true;
    stream.isRaw = false;
    stream.setRawMode = (raw) => { try { binding.rawMode(!!raw); } catch {} stream.isRaw = !!raw; return stream; };
    process.on('exit', () => { if (stream.isRaw) stream.setRawMode(false); });
  }
  return stream;
};
