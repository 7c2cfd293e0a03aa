// Scripts run in this program's own realm; a context is a set of names before the globals.
const kContext = Symbol('context');
class Script {
  constructor(code, o = {}) { Object.defineProperty(this, 'code', { value: `${code}` }); this.file = typeof o === 'string' ? o : o.filename || 'evalmachine.<anonymous>'; Object.defineProperty(this, 'file', { enumerable: false }); binding.evaluate(`(function () {${''}\n})`, this.file); try { new Function(''); binding.evaluate(`if (false) {\n${this.code}\n}`, this.file); } catch (e) { if (!/\b(let|const|class|function|return|import)\b/.test(this.code)) throw e; } }
  runInThisContext() { return binding.evaluate(this.code, this.file); }
  runInContext(context) { return inside(this.code, context, this.file); }
  runInNewContext(context) { return inside(this.code, context || {}, this.file); }
  createCachedData() { return require('buffer').Buffer.alloc(0); }
}
function inside(code, context, file) {
  const scope = new Proxy(context, { has: () => true, get: (t, k) => { if (k === Symbol.unscopables) return undefined; if (k === 'globalThis' || k === 'global') return k in t ? t[k] : context; if (k in t) return t[k]; if (k in globalThis && !['process', 'require', 'module', 'console', 'Buffer', 'setTimeout'].includes(k)) return globalThis[k]; if (k === kContext) return true; throw new ReferenceError(`${String(k)} is not defined`); }, set: (t, k, v) => { t[k] = v; return true; } });
  Object.defineProperty(globalThis, Symbol.for('sandbar.vm'), { value: scope, configurable: true, writable: true });
  const hoisted = code.replace(/^(\s*)(?:var)\s+(?=[A-Za-z_$])/gm, '$1');
  return binding.evaluate(`(function (scope, code) { with (scope) { return eval(code); } })`, file)(scope, hoisted);
}
exports.Script = Script;
exports.createContext = (o = {}) => { Object.defineProperty(o, kContext, { value: true, configurable: true }); return o; };
exports.isContext = (o) => !!(o && Object.prototype.hasOwnProperty.call(o, kContext));
exports.runInThisContext = (code, o) => new Script(code, o).runInThisContext();
exports.runInContext = (code, context, o) => new Script(code, o).runInContext(context);
exports.runInNewContext = (code, context, o) => new Script(code, o).runInNewContext(context);
exports.compileFunction = (code, names = [], o = {}) => binding.evaluate(`(function (${names.join(',')}) {${code}\n})`, o.filename || 'evalmachine.<anonymous>');
exports.constants = {};
