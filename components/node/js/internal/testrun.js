// `node --test`: each file is a process of its own.
const fs = require('fs');
const path = require('path');
exports.main = function main(args) {
  const files = [];
  const is = (f) => /(\.|-|_)test\.[cm]?[jt]s$|^test(-.*)?\.[cm]?[jt]s$/.test(path.basename(f)) || (/(^|\/)test\//.test(f) && /\.[cm]?[jt]s$/.test(f));
  const walk = (d) => { for (const e of fs.readdirSync(d, { withFileTypes: true })) { const f = path.join(d, e.name); if (e.name === 'node_modules' || e.name.startsWith('.')) continue; if (e.isDirectory()) walk(f); else if (is(f)) files.push(f); } };
  if (!args.length) walk('.'); else for (const a of args) { if (fs.existsSync(a) && fs.statSync(a).isDirectory()) walk(a); else files.push(a); }
  let failed = 0;
  for (const f of files.sort()) {
    const r = require('child_process').spawnSync(process.execPath, [f], { stdio: 'inherit' });
    if (r.status !== 0) { failed++; console.log(`not ok - ${f}`); }
  }
  console.log(`# files ${files.length}\n# failed files ${failed}`);
  process.exitCode = failed ? 1 : 0;
};
