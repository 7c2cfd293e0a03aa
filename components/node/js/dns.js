const { absent } = require('internal/errors');
const fail = (e, host) => Object.assign(new Error(`getaddrinfo ${e === 'EINVAL' ? 'ENOTFOUND' : e} ${host}`), { errno: -3008, code: e === 'EINVAL' ? 'ENOTFOUND' : e, syscall: 'getaddrinfo', hostname: host });
function find(host, o) { if (binding.ipVersion(host)) return [{ address: host, family: binding.ipVersion(host) }]; let all; try { all = binding.resolve(host).map((address) => ({ address, family: binding.ipVersion(address) })); } catch (e) { throw fail(e, host); } const family = typeof o === 'number' ? o : o.family; if (family === 4 || family === 6) all = all.filter((a) => a.family === family); if (!all.length) throw fail('ENOTFOUND', host); return all.sort((a, b) => a.family - b.family); }
exports.lookup = (host, o, callback) => { if (typeof o === 'function') { callback = o; o = {}; } o = o || {}; setImmediate(() => { let all; try { all = find(host, o); } catch (e) { callback(e); return; } if (o.all) callback(null, all); else callback(null, all[0].address, all[0].family); }); };
exports.lookup[Symbol.for('nodejs.util.promisify.args')] = ['address', 'family'];
exports.resolve4 = (host, o, callback) => { callback = callback || o; setImmediate(() => { try { callback(null, find(host, 4).map((a) => a.address)); } catch (e) { callback(e); } }); };
exports.resolve6 = (host, o, callback) => { callback = callback || o; setImmediate(() => { try { callback(null, find(host, 6).map((a) => a.address)); } catch (e) { callback(e); } }); };
exports.resolve = (host, type, callback) => { if (typeof type === 'function') { callback = type; type = 'A'; } if (type === 'A') exports.resolve4(host, callback); else if (type === 'AAAA') exports.resolve6(host, callback); else throw absent(`DNS records of type ${type}`, 'names become addresses only'); };
exports.promises = { lookup: async (host, o = {}) => { const all = find(host, o); return o.all ? all : all[0]; }, resolve4: async (h) => find(h, 4).map((a) => a.address), resolve6: async (h) => find(h, 6).map((a) => a.address), resolve: async (h) => find(h, 4).map((a) => a.address) };
exports.getServers = () => ['127.0.0.1'];
exports.setServers = () => {};
exports.setDefaultResultOrder = exports.promises.setDefaultResultOrder = () => {};
exports.getDefaultResultOrder = () => 'ipv4first';
Object.assign(exports, { NODATA: 'ENODATA', NOTFOUND: 'ENOTFOUND', SERVFAIL: 'ESERVFAIL', ADDRCONFIG: 0, V4MAPPED: 0, ALL: 0 });
exports.Resolver = class { resolve4(...a) { exports.resolve4(...a); } resolve6(...a) { exports.resolve6(...a); } resolve(...a) { exports.resolve(...a); } setServers() {} getServers() { return []; } cancel() {} };
