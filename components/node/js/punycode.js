exports.toASCII = (d) => d.split('@').map((p) => binding.domainToAscii(p) || p).join('@'); exports.toUnicode = (d) => d; exports.ucs2 = { decode: (s) => Array.from(s, (c) => c.codePointAt(0)), encode: (a) => String.fromCodePoint(...a) }; exports.version = '2.1.0';
exports.encode = (s) => binding.domainToAscii(s).replace(/^xn--/, ''); exports.decode = (s) => s;
