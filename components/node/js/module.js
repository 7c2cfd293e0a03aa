module.exports = require('internal/modules').Module;
