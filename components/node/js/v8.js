exports.getHeapStatistics = () => { const [used, objects] = binding.memoryUsage(); return { total_heap_size: used, total_heap_size_executable: 0, total_physical_size: used, total_available_size: 1 << 30, used_heap_size: used, heap_size_limit: 1 << 30, malloced_memory: used, peak_malloced_memory: used, does_zap_garbage: 0, number_of_native_contexts: 1, number_of_detached_contexts: 0, objects }; };
exports.getHeapSpaceStatistics = () => [];
exports.setFlagsFromString = () => {};
exports.cachedDataVersionTag = () => 0;
const { Buffer } = require('buffer');
exports.serialize = (v) => Buffer.from(JSON.stringify(v) ?? 'null');
exports.deserialize = (b) => JSON.parse(Buffer.from(b).toString());
