// What the arguments ask for.
const path = require('path');
const loop = require('internal/loop');

const HELP = `Usage: node [options] [ script.js ] [arguments]
       node -e "script" | -p "expression" | -

Options:
  -                      script read from stdin (default if no file name is given and stdin is no terminal)
  -c, --check            syntax check a script without running it
  -e, --eval=...         evaluate a script
  -p, --print [...]      evaluate a script and print its result
  -i, --interactive      the prompt, even if stdin is no terminal
  -r, --require=...      a CommonJS module to load first
  --import=...           an ES module to load first
  --input-type=...       "module" or "commonjs": what --eval, --print and stdin hold
  --env-file=...         set variables from a file
  --test                 run test files
  -v, --version          print the version
  -h, --help             print this
`;
const WITH_VALUE = new Set(['-r', '--require', '--import', '--input-type', '-e', '--eval', '--env-file', '-C', '--conditions', '--loader', '--experimental-loader', '--title', '--stack-trace-limit']);

function fail(message, code = 9) {
  binding.print(2, `node: ${message}\n`);
  binding.exit(code);
}

function parse(argv) {
  const o = { require: [], import: [], env: [], conditions: [] };
  let i = 1;
  for (; i < argv.length; i++) {
    let arg = argv[i];
    if (arg === '--') { i++; break; }
    if (arg === '-' || !arg.startsWith('-')) break;
    let value;
    const at = arg.indexOf('=');
    if (arg.startsWith('--') && at > 0) { value = arg.slice(at + 1); arg = arg.slice(0, at); }
    else if (WITH_VALUE.has(arg)) {
      value = argv[++i];
      if (value === undefined) fail(`${arg} requires an argument`);
    }
    process.execArgv.push(argv[i]);
    switch (arg) {
      case '-v': case '--version': binding.print(1, `${process.version}\n`); binding.exit(0); break;
      case '-h': case '--help': binding.print(1, HELP); binding.exit(0); break;
      case '-e': case '--eval': o.eval = value; break;
      case '-p': case '--print': case '-pe': o.print = true; if (value !== undefined) o.eval = value; else if (argv[i + 1] !== undefined) o.eval = argv[++i]; break;
      case '-c': case '--check': o.check = true; break;
      case '-i': case '--interactive': o.interactive = true; break;
      case '-r': case '--require': o.require.push(value); break;
      case '--import': o.import.push(value); break;
      case '--input-type': o.type = value; break;
      case '--env-file': o.env.push(value); break;
      case '-C': case '--conditions': o.conditions.push(value); break;
      case '--no-warnings': process.noWarnings = true; break;
      case '--no-deprecation': process.noDeprecation = true; break;
      case '--stack-trace-limit': Error.stackTraceLimit = +value; break;
      case '--expose-gc': case '--expose_gc': globalThis.gc = () => binding.collect(); break;
      case '--title': process.title = value; break;
      case '--test': o.test = true; break;
      default:
        if (!/^--(no-)?(trace|enable|experimental|harmony|max|optimize|abort|preserve|stack|unhandled|report|inspect|use|tls|dns|watch|allow|disable|force|frozen|huge|icu|jitless|node|openssl|pending|prof|redirect|secure|throw|v8|verify|zero|warnings|deprecation|addons|global|perf|cpu|heap|diagnostic|insecure|interpreted|loader|es-module|transform|strip|conditions|test|network|localstorage|run|build|entry|print|completion|security)/.test(arg)) fail(`bad option: ${argv[i]}`);
    }
  }
  o.rest = argv.slice(i);
  return o;
}

// A script without a file: sloppy, with CommonJS's names as globals; an ES module if it can only be one.
function evaluate(source, o, name) {
  const modules = require('internal/modules');
  const module = new modules.Module(name);
  module.filename = path.resolve(name);
  module.paths = modules.roots(process.cwd());
  const file = path.resolve(process.cwd(), name);
  let isModule = o.type === 'module';
  if (o.typescript) {
    const out = modules.transpile(source, file + '.ts');
    source = out.code;
    isModule ||= out.module;
  }
  if (!isModule && !o.typescript && o.type !== 'commonjs' && /\b(import|export|await)\b/.test(source)) {
    try { modules.compile(source, file); } catch (error) {
      if (error instanceof SyntaxError) isModule = binding.isModule(source) || (/\bawait\b/.test(source) && awaits(source));
    }
  }
  if (isModule) {
    const id = `${file}${o.typescript ? '.ts' : '.mjs'}`;
    require('internal/esm').sources.set(id, source);
    internal.mainPromise = importMain(id);
    return;
  }
  Object.assign(globalThis, {});
  for (const [key, value] of [['module', module], ['exports', module.exports], ['require', modules.requireFor(module)], ['__filename', name], ['__dirname', '.']]) {
    Object.defineProperty(globalThis, key, { value, writable: true, configurable: true, enumerable: false });
  }
  let result;
  try {
    result = binding.evaluate(source, o.typescript ? `${file}.ts` : name);
  } catch (error) {
    throw error instanceof SyntaxError ? modules.syntax(error, name, source) : error;
  }
  if (o.print) {
    const { inspect } = require('util');
    loop.drain();
    console.log(typeof result === 'string' ? result : inspect(result));
  }
}
function awaits(source) {
  try { binding.evaluate(`(async function () {${source}\n})`, '[check]'); return true; } catch { return false; }
}

function importMain(id) {
  const promise = require('internal/esm').importFile(id);
  promise.catch((error) => {
    if (error instanceof SyntaxError && !error.__syntax) {
      const match = /((?:\/)[^\s():]+):(\d+)/.exec(error.stack || '');
      if (match) { try { error = require('internal/modules').syntax(error, match[1], require('internal/esm').sources.get(match[1]) || binding.readText(match[1], true)); } catch {} }
    }
    loop.uncaught(error);
  });
  return promise;
}

function runFile(name) {
  const modules = require('internal/modules');
  const base = path.resolve(name);
  const file = modules.asFile(base) || modules.asDirectory(base);
  if (!file) {
    const error = new Error(`Cannot find module '${base}'`);
    error.code = 'MODULE_NOT_FOUND';
    error.requireStack = [];
    throw error;
  }
  const full = modules.real(file);
  process.argv[1] = full;
  internal.mainFile = full;
  const format = modules.formatOf(full);
  if (format === 'module') { internal.mainPromise = importMain(full); return; }
  if (modules.isTypeScript(full)) {
    const { module } = modules.transpile(binding.readText(full, true), full);
    if (module && !full.endsWith('.cts')) { internal.mainPromise = importMain(full); return; }
  } else if (format === 'any') {
    let source = binding.readText(full, true);
    if (/\b(import|export|await)\b/.test(source)) {
      if (source.startsWith('#!')) source = `//${source}`;
      let bad = false;
      try { modules.compile(source, full); } catch (error) { bad = error instanceof SyntaxError; }
      if (bad && (binding.isModule(source) || awaits(source))) {
        require('internal/esm').sources.set(full, source);
        internal.mainPromise = importMain(full);
        return;
      }
    }
  }
  modules.Module._load(full, null, true);
}

exports.start = function start() {
  let argv = binding.argv;
  const self = path.basename(argv[0] || 'node');
  if (self === 'npm' || self === 'npx') {
    process.argv = [process.execPath, `/usr/bin/${self}`, ...argv.slice(1)];
    require('internal/npm').main(self, argv.slice(1));
    return;
  }
  if (self === 'tsx' || self === 'ts-node') {
    internal.loose = true;
    internal.typescript = true;
    if (argv[1] === 'watch') argv = [argv[0], ...argv.slice(2)];
  }
  const o = parse(argv);
  o.typescript = !!internal.typescript || /typescript/.test(o.type || '');
  if (o.type === 'module-typescript') o.type = 'module';
  const { CONDITIONS } = require('internal/modules');
  for (const one of o.conditions) { CONDITIONS.require.add(one); CONDITIONS.import.add(one); }
  for (const file of o.env) {
    let text;
    try { text = binding.readText(path.resolve(file), true); } catch { fail(`${file}: not found`); }
    for (const [k, v] of Object.entries(require('util').parseEnv(text))) if (!(k in process.env)) process.env[k] = v;
  }
  const run = () => {
    for (const name of o.require) require('internal/modules').Module._load(name, Object.assign(new (require('internal/modules').Module)(`${process.cwd()}/[preload]`), { filename: `${process.cwd()}/[preload]` }), false);
    if (o.eval !== undefined) {
      process.argv = [process.execPath, ...o.rest];
      evaluate(o.eval, o, '[eval]');
    } else if (o.test) {
      require('internal/testrun').main(o.rest);
    } else if (o.check) {
      const file = path.resolve(o.rest[0]);
      const source = binding.readText(file, true);
      const modules = require('internal/modules');
      if (!binding.isModule(source)) { try { modules.compile(source, file); } catch (error) { throw modules.syntax(error, file, source); } }
    } else if (o.rest.length && o.rest[0] !== '-') {
      process.argv = [process.execPath, o.rest[0], ...o.rest.slice(1)];
      runFile(o.rest[0]);
    } else if (!o.rest.length && (o.interactive || binding.isTerminal(0))) {
      process.argv = [process.execPath];
      require('internal/prompt').start();
    } else {
      process.argv = [process.execPath, ...(o.rest[0] === '-' ? ['-', ...o.rest.slice(1)] : [])];
      evaluate(binding.readText('/dev/stdin', true), o, '[stdin]');
    }
  };
  if (!o.import.length) return run();
  loop.hold();
  (async () => {
    for (const name of o.import) await require('internal/esm').importFile(require('internal/esm').resolve(name, `${process.cwd()}/[preload]`));
  })().then(() => { loop.release(); try { run(); } catch (error) { loop.uncaught(error); } }, (error) => loop.uncaught(error));
};
