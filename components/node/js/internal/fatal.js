// The last words about an error that nobody caught.

function excerpt(error) {
  // `file:line` and the line itself with a caret, as node shows them.
  const match = /\n\s+at (?:.*?\()?((?:file:\/\/)?\/[^:\n]+):(\d+):(\d+)\)?/.exec(error.stack || '');
  if (!match) return '';
  const [, file, line, column] = match;
  try {
    const text = binding.readText(file.replace(/^file:\/\//, ''), false).split('\n')[line - 1];
    if (text === undefined || text.length > 500) return '';
    return `${file}:${line}\n${text}\n${' '.repeat(Math.max(0, column - 1))}^\n\n`;
  } catch {
    return '';
  }
}

exports.print = function print(error, origin) {
  let text;
  try {
    const { inspect } = require('util');
    if (error !== null && typeof error === 'object' && error.__syntax) {
      text = `${error.__syntax}\n\nNode.js ${process.version}\n`;
    } else if (error instanceof Error || (error && typeof error === 'object' && typeof error.stack === 'string')) {
      let shown = inspect(error);
      if (origin === 'unhandledRejection' && error.code === 'ERR_UNHANDLED_REJECTION') {
        shown = `[UnhandledPromiseRejection: ${error.message}] {\n  code: 'ERR_UNHANDLED_REJECTION'\n}`;
      }
      text = `${excerpt(error)}${shown}\n\nNode.js ${process.version}\n`;
    } else {
      text = `Uncaught:\n${inspect(error)}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)\n\nNode.js ${process.version}\n`;
    }
  } catch (problem) {
    text = `Uncaught ${String(error)}\n`;
  }
  try {
    binding.print(2, text);
  } catch {}
};
