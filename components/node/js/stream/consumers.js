const { Buffer } = require('buffer');
exports.buffer = async (s) => { const all = []; for await (const c of s) all.push(typeof c === 'string' ? Buffer.from(c) : c); return Buffer.concat(all); };
exports.text = async (s) => (await exports.buffer(s)).toString();
exports.json = async (s) => JSON.parse(await exports.text(s));
exports.arrayBuffer = async (s) => { const b = await exports.buffer(s); return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength); };
exports.blob = async (s) => new Blob([await exports.buffer(s)]);
