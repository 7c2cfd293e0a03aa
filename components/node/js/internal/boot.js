// The start: loads modules of ours on demand, makes the globals, and runs what the arguments name.
const names = new Set(binding.builtins);
const cache = new Map();
const shared = { mainFile: undefined };

function load(name) {
  let entry = cache.get(name);
  if (entry) return entry.exports;
  entry = { exports: {}, id: name };
  cache.set(name, entry);
  binding.builtin(name)(entry.exports, load, entry, binding, shared);
  return entry.exports;
}

shared.isBuiltin = (name) => names.has(name) && !name.startsWith('internal/');
shared.builtinNames = () => [...names].filter((n) => !n.startsWith('internal/')).sort();
shared.loadBuiltin = load;

load('internal/errors').install();
load('internal/process');
load('internal/globals').install();

binding.setHooks(
  (name, base, kind) => load('internal/esm').resolve(name, base, kind),
  (id) => load('internal/esm').load(id),
  (object, id) => load('internal/esm').meta(object, id),
  (promise, reason, handled) => load('internal/loop').rejected(promise, reason, handled),
);

try {
  load('internal/main').start();
} catch (error) {
  load('internal/loop').uncaught(error);
}
load('internal/loop').run();
