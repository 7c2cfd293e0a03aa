// The prompt. The sandbox's terminal edits the lines; what is not whole yet goes on in the next one.
const { inspect } = require('util');
const vm = binding.evaluate;
const unfinished = (error) => error instanceof SyntaxError && /unexpected end|expecting '[})\]]'|unterminated|unexpected token in expression: ''|end of (input|file|string)/i.test(error.message);
exports.start = function start() {
  const modules = require('internal/modules');
  const module = new modules.Module('<repl>');
  module.filename = require('path').resolve('<repl>');
  module.paths = modules.roots(process.cwd());
  Object.assign(globalThis, { module, require: modules.requireFor(module), exports: module.exports });
  for (const name of internal.builtinNames()) if (!name.includes('/') && !(name in globalThis)) Object.defineProperty(globalThis, name, { configurable: true, get: () => internal.loadBuiltin(name), set(v) { Object.defineProperty(globalThis, name, { value: v, writable: true, configurable: true }); } });
  const terminal = binding.isTerminal(1);
  if (terminal) binding.print(1, `Welcome to Node.js ${process.version}.\nType ".help" for more information.\n`);
  let buffer = '';
  const rl = require('readline').createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  const ask = () => { if (terminal) binding.print(1, buffer ? '... ' : '> '); };
  const show = (value) => { Object.defineProperty(globalThis, '_', { value, writable: true, configurable: true }); binding.print(1, `${inspect(value, { colors: terminal })}\n`); };
  const failed = (error) => { Object.defineProperty(globalThis, '_error', { value: error, writable: true, configurable: true }); binding.print(1, `Uncaught ${error instanceof SyntaxError ? `SyntaxError: ${error.message}` : inspect(error)}\n`); };
  process.on('uncaughtException', (e) => { failed(e); ask(); });
  process.on('SIGINT', () => { binding.print(1, '\n'); buffer = ''; ask(); });
  rl.on('line', async (line) => {
    if (!buffer && /^\.(exit|help|clear|break)\b/.test(line.trim())) {
      if (line.trim() === '.exit') process.exit();
      if (line.trim() === '.help') binding.print(1, '.break    leave what was begun\n.exit     leave the prompt\n.help     this text\n');
      ask();
      return;
    }
    if (buffer && line.trim() === '.break') { buffer = ''; ask(); return; }
    buffer += `${line}\n`;
    if (!buffer.trim()) { buffer = ''; ask(); return; }
    let source = buffer;
    if (/^\s*\{/.test(source) && !/;\s*$/.test(source)) source = `(${source.trim()}\n)`;
    try {
      let result;
      try { result = vm(source, 'REPL'); } catch (e) {
        if (!(e instanceof SyntaxError)) throw e;
        if (source !== buffer) { source = buffer; result = vm(source, 'REPL'); }
        else if (/\bawait\b/.test(buffer)) {
          const body = buffer.trim().replace(/;$/, '');
          const m = /^(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*([^]*)$/.exec(body);
          buffer = '';
          if (m) { globalThis[m[1]] = await vm(`(async () => (${m[2]}\n))()`, 'REPL'); result = undefined; } else result = await vm(`(async () => (${body}\n))()`, 'REPL');
        } else if (unfinished(e)) { ask(); return; } else throw e;
      }
      buffer = '';
      show(result);
    } catch (e) {
      if (unfinished(e)) { ask(); return; }
      buffer = '';
      failed(e);
    }
    ask();
  });
  rl.on('close', () => { if (terminal) binding.print(1, '\n'); process.exit(); });
  ask();
};
