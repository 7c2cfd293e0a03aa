// HTTPS as a client, over the host's TLS.
const http = require('http');
const tls = require('tls');
class Agent extends http.Agent {
  constructor(options) { super(options); this.defaultPort = 443; this.protocol = 'https:'; }
  createConnection(options) { return tls.connect({ ...options, ALPNProtocols: ['http/1.1'] }); }
}
exports.Agent = Agent;
let agent;
Object.defineProperty(exports, 'globalAgent', { configurable: true, enumerable: true, get: () => (agent ||= new Agent({ keepAlive: true, timeout: 5000 })), set: (v) => { agent = v; } });
exports.request = (input, options, callback) => {
  if (typeof input === 'string' || input instanceof URL) {
    if (typeof options === 'function') { callback = options; options = {}; }
    return new http.ClientRequest(input, { ...options, _secure: true, _defaultAgent: exports.globalAgent }, callback);
  }
  return new http.ClientRequest({ ...input, _secure: true, _defaultAgent: exports.globalAgent }, options);
};
exports.get = (...args) => { const r = exports.request(...args); r.end(); return r; };
exports.createServer = () => tls.createServer();
exports.Server = tls.Server;
