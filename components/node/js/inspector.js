exports.url = () => undefined; exports.open = () => {}; exports.close = () => {}; exports.waitForDebugger = () => {}; exports.console = console;
exports.Session = class Session extends require('events') { connect() { throw require('internal/errors').absent('The inspector'); } disconnect() {} post() {} };
