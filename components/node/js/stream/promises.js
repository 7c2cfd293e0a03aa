const stream = require('stream');
exports.pipeline = (...args) => new Promise((resolve, reject) => stream.pipeline(...args, (error, value) => (error ? reject(error) : resolve(value))));
exports.finished = (s, options) => new Promise((resolve, reject) => stream.finished(s, options || {}, (error) => (error ? reject(error) : resolve())));
