const { absent } = require('internal/errors');
const EventEmitter = require('events');
module.exports = Object.assign(new EventEmitter(), { isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {}, setupPrimary() {}, setupMaster() {}, fork() { throw absent('cluster.fork()', 'a server of one process does the work'); } });
