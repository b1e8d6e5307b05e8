package dev.cairn.server.store.rocksdb;

/**
 * What the engine has done since it was opened, all databases together.
 *
 * @param stallMicros time that writes were held up because flushes and compactions lag behind
 * @param walSyncs forced writes of logs
 * @param cacheUsedBytes how full the block cache is now
 */
public record EngineStatistics(
    long cacheHits,
    long cacheMisses,
    long cacheUsedBytes,
    long stallMicros,
    long walSyncs,
    long walBytes,
    long writtenBytes,
    long readBytes,
    long flushedBytes,
    long compactedBytes) {}
