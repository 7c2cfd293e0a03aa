// Hashes, random numbers, comparison in constant time, and the digests of WebCrypto.
const { Buffer } = require('buffer');
const { Transform } = require('stream');
const { coded, argType, absent, range } = require('internal/errors');
const bytes = (v, encoding) => (typeof v === 'string' ? Buffer.from(v, encoding) : v instanceof Uint8Array ? v : ArrayBuffer.isView(v) ? new Uint8Array(v.buffer, v.byteOffset, v.byteLength) : v instanceof ArrayBuffer ? new Uint8Array(v) : v instanceof KeyObject ? v.export() : (() => { throw argType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', v); })());
const nameOf = (n) => { if (typeof n !== 'string') throw argType('algorithm', 'of type string', n); return n.toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha'); };
const guard = (act) => { try { return act(); } catch (e) { if (typeof e !== 'string') throw e; throw e === 'Digest already called' ? coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called') : Object.assign(new Error(e), e.includes('not supported') ? { code: 'ERR_OSSL_EVP_UNSUPPORTED' } : {}); } };
class Hash extends Transform {
  constructor(id) { super(); Object.defineProperty(this, 'id', { value: id }); }
  update(data, encoding) { const b = bytes(data, encoding); guard(() => binding.hashUpdate(this.id, b)); return this; }
  digest(encoding) { const out = guard(() => binding.hashFinal(this.id)); const b = Buffer.from(out.buffer, out.byteOffset, out.byteLength); return encoding && encoding !== 'buffer' ? b.toString(encoding) : b; }
  copy() { return new Hash(guard(() => binding.hashCopy(this.id))); }
  _transform(chunk, encoding, callback) { this.update(chunk, encoding); callback(); }
  _flush(callback) { this.push(this.digest()); callback(); }
}
class Hmac extends Hash {}
exports.Hash = Hash;
exports.Hmac = Hmac;
exports.createHash = (name) => new Hash(guard(() => binding.hashNew(nameOf(name))));
exports.createHmac = (name, key) => new Hmac(guard(() => { try { return binding.hmacNew(nameOf(name), bytes(key)); } catch (e) { if (typeof e === 'string') throw new Error(`Invalid digest: ${name}`); throw e; } }));
exports.hash = (name, data, encoding = 'hex') => exports.createHash(name).update(data).digest(encoding);
exports.getHashes = () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
exports.getCiphers = () => [];
exports.getCurves = () => [];
exports.randomBytes = (n, callback) => {
  if (typeof n !== 'number') throw argType('size', 'of type number', n);
  if (!(n >= 0 && n <= 2147483647)) throw range('size', '>= 0 && <= 2147483647', n);
  const out = Buffer.alloc(n);
  binding.random(out);
  if (callback) { process.nextTick(callback, null, out); return undefined; }
  return out;
};
exports.pseudoRandomBytes = exports.prng = exports.rng = exports.randomBytes;
exports.randomFillSync = (b, offset = 0, size) => { const v = bytes(b); binding.random(v.subarray(offset, size === undefined ? undefined : offset + size)); return b; };
exports.randomFill = (b, ...rest) => { const callback = rest.pop(); exports.randomFillSync(b, ...rest); process.nextTick(callback, null, b); };
exports.randomInt = (min, max, callback) => {
  if (max === undefined || typeof max === 'function') { callback = max; max = min; min = 0; }
  const span = max - min;
  if (!(span > 0)) throw range('max', `greater than the value of "min" (${min})`, max);
  const limit = 2 ** 48 - (2 ** 48 % span);
  let x;
  do { x = exports.randomBytes(6).readUIntBE(0, 6); } while (x >= limit);
  const value = min + (x % span);
  if (callback) { process.nextTick(callback, null, value); return undefined; }
  return value;
};
exports.randomUUID = () => { const b = exports.randomBytes(16); b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128; const h = b.toString('hex'); return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`; };
exports.timingSafeEqual = (a, b) => {
  const x = bytes(a);
  const y = bytes(b);
  if (x.length !== y.length) throw coded(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  let d = 0;
  for (let i = 0; i < x.length; i++) d |= x[i] ^ y[i];
  return d === 0;
};
exports.pbkdf2Sync = (password, salt, rounds, length, digest) => { const out = guard(() => binding.pbkdf2(nameOf(digest), bytes(password), bytes(salt), rounds, length)); return Buffer.from(out.buffer, out.byteOffset, out.byteLength); };
exports.pbkdf2 = (p, s, r, l, d, callback) => { let out; let error = null; try { out = exports.pbkdf2Sync(p, s, r, l, d); } catch (e) { error = e; } setImmediate(() => callback(error, out)); };
exports.hkdfSync = (digest, key, salt, info, length) => {
  const prk = exports.createHmac(digest, bytes(salt).length ? bytes(salt) : Buffer.alloc(exports.createHash(digest).digest().length)).update(bytes(key)).digest();
  let last = Buffer.alloc(0);
  const parts = [];
  for (let i = 1, n = 0; n < length; i++) { last = exports.createHmac(digest, prk).update(last).update(bytes(info)).update(Uint8Array.of(i)).digest(); parts.push(last); n += last.length; }
  const out = Buffer.concat(parts).subarray(0, length);
  return out.buffer.slice(out.byteOffset, out.byteOffset + length);
};
exports.hkdf = (d, k, s, i, l, callback) => { const out = exports.hkdfSync(d, k, s, i, l); setImmediate(() => callback(null, out)); };
class KeyObject { constructor(data) { Object.defineProperty(this, 'data', { value: data }); this.type = 'secret'; } get symmetricKeySize() { return this.data.length; } export(o) { return o && o.format === 'jwk' ? { kty: 'oct', k: Buffer.from(this.data).toString('base64url') } : Buffer.from(this.data); } equals(o) { return Buffer.compare(this.data, o.data) === 0; } }
exports.KeyObject = KeyObject;
exports.createSecretKey = (key, encoding) => new KeyObject(Buffer.from(bytes(key, encoding)));
for (const [name, what] of Object.entries({ createCipheriv: 'Encryption', createDecipheriv: 'Decryption', createSign: 'Signing', createVerify: 'Verification of signatures', sign: 'Signing', verify: 'Verification of signatures', createDiffieHellman: 'Diffie-Hellman', createECDH: 'ECDH', diffieHellman: 'Diffie-Hellman', generateKeyPair: 'Generation of key pairs', generateKeyPairSync: 'Generation of key pairs', createPublicKey: 'Asymmetric cryptography', createPrivateKey: 'Asymmetric cryptography', publicEncrypt: 'Asymmetric cryptography', privateDecrypt: 'Asymmetric cryptography', scrypt: 'scrypt', scryptSync: 'scrypt' })) exports[name] = () => { throw absent(`${what} (crypto.${name})`, 'there are hashes, HMAC, PBKDF2, HKDF and random numbers'); };
exports.constants = {};
exports.getFips = () => 0;
exports.setEngine = () => {};
const HASHES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };
const buffer = (b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength);
const hashName = (a) => { const n = HASHES[String(typeof a === 'string' ? a : a.name).toUpperCase()]; if (!n) throw new DOMException('Unrecognized algorithm name', 'NotSupportedError'); return n; };
class CryptoKey { constructor(data, algorithm, extractable, usages) { Object.assign(this, { type: 'secret', extractable, algorithm, usages }); Object.defineProperty(this, 'data', { value: data }); } }
const hmacOnly = (a) => { if (String(typeof a === 'string' ? a : a.name).toUpperCase() !== 'HMAC') throw new DOMException(`${typeof a === 'string' ? a : a.name} is not available in this sandbox; there are digests and HMAC`, 'NotSupportedError'); };
const subtle = {
  async digest(algorithm, data) { return buffer(exports.createHash(hashName(algorithm)).update(bytes(data)).digest()); },
  async importKey(format, data, algorithm, extractable, usages) {
    const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
    if (!['HMAC', 'PBKDF2', 'HKDF'].includes(name.toUpperCase())) hmacOnly(algorithm);
    return new CryptoKey(format === 'jwk' ? Buffer.from(data.k, 'base64url') : Buffer.from(bytes(data)), typeof algorithm === 'string' ? { name } : { ...algorithm, hash: algorithm.hash && (typeof algorithm.hash === 'string' ? { name: algorithm.hash } : algorithm.hash) }, extractable, usages);
  },
  async exportKey(format, key) { return format === 'jwk' ? { kty: 'oct', k: key.data.toString('base64url') } : buffer(key.data); },
  async generateKey(algorithm, extractable, usages) { hmacOnly(algorithm); return new CryptoKey(exports.randomBytes((algorithm.length || 512) / 8), { ...algorithm, hash: typeof algorithm.hash === 'string' ? { name: algorithm.hash } : algorithm.hash }, extractable, usages); },
  async sign(algorithm, key, data) { hmacOnly(algorithm); return buffer(exports.createHmac(hashName(key.algorithm.hash), key.data).update(bytes(data)).digest()); },
  async verify(algorithm, key, signature, data) { const own = new Uint8Array(await subtle.sign(algorithm, key, data)); const given = bytes(signature); return own.length === given.length && exports.timingSafeEqual(own, given); },
  async deriveBits(a, key, n) { if (a.name === 'PBKDF2') return buffer(exports.pbkdf2Sync(key.data, bytes(a.salt), a.iterations, n / 8, hashName(a.hash))); return exports.hkdfSync(hashName(a.hash), key.data, bytes(a.salt), bytes(a.info), n / 8); },
};
exports.subtle = subtle;
exports.getRandomValues = (array) => { if (array.byteLength > 65536) throw new DOMException('The requested length exceeds 65,536 bytes', 'QuotaExceededError'); binding.random(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)); return array; };
exports.webcrypto = { subtle, getRandomValues: exports.getRandomValues, randomUUID: exports.randomUUID, CryptoKey };
