exports.createSocket = () => { throw require('internal/errors').absent('UDP', 'use TCP'); };
