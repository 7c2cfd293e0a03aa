exports.isatty = (fd) => Number.isInteger(fd) && fd >= 0 && fd <= 2 && binding.isTerminal(fd);
exports.ReadStream = function ReadStream() { return process.stdin; };
exports.WriteStream = function WriteStream(fd) { return fd === 2 ? process.stderr : process.stdout; };
exports.WriteStream.prototype.getColorDepth = () => 1;
exports.WriteStream.prototype.hasColors = () => false;
