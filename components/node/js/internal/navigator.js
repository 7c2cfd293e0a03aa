exports.navigator = { hardwareConcurrency: 1, language: 'en-US', languages: ['en-US'], platform: 'linux', userAgent: `Node.js/${process.version.slice(1).split('.')[0]}` };
