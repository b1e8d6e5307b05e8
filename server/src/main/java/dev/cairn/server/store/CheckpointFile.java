package dev.cairn.server.store;

import java.util.OptionalInt;

/**
 * A file of a checkpoint.
 *
 * @param name its name within the checkpoint's directory
 * @param sizeBytes its size
 * @param crc32c the CRC32C that the engine computed while it wrote the file, where it knows one
 */
public record CheckpointFile(String name, long sizeBytes, OptionalInt crc32c) {}
