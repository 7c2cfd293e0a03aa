for (const n of ['connect', 'createServer', 'createSecureServer']) exports[n] = () => { throw require('internal/errors').absent('HTTP/2', 'use http or https'); }; exports.constants = {};
