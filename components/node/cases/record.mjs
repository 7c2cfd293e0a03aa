// Records what node itself prints: node record.mjs, then cases.txt holds it. Scripts are those between `### name` and
// `---`; what follows is replaced.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
const file = new URL('./cases.txt', import.meta.url);
const [head, ...all] = fs.readFileSync(file, 'utf8').split('\n### ');
const out = all.map((text) => {
  const name = text.slice(0, text.indexOf('\n'));
  const script = text.slice(name.length + 1, text.indexOf('---\n'));
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'case-'));
  let printed;
  try { printed = execFileSync('sh', ['-c', script], { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, TZ: 'UTC' } }).toString(); } catch (error) { printed = error.stdout.toString(); }
  fs.rmSync(directory, { recursive: true });
  return `${name}\n${script}---\n${printed}`;
});
fs.writeFileSync(file, [head, ...out.map((text) => text.replace(/\n*$/, '\n'))].join('\n### '));
