package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionStats;
import java.nio.ByteBuffer;

/**
 * What the metadata says of a collection.
 *
 * @param number the prefix of its items' keys
 * @param changed the applied index of the last commit that changed it
 */
record CollectionRow(int number, CollectionStats stats, long changed) {
  private static final int BYTES = Integer.BYTES + 3 * Long.BYTES;

  CollectionRow plus(long items, long bytes) {
    return new CollectionRow(
        number, new CollectionStats(stats.itemCount() + items, stats.sizeBytes() + bytes), changed);
  }

  CollectionRow changedAt(long appliedIndex) {
    return new CollectionRow(number, stats, appliedIndex);
  }

  byte[] encode() {
    return ByteBuffer.allocate(BYTES)
        .putInt(number)
        .putLong(stats.itemCount())
        .putLong(stats.sizeBytes())
        .putLong(changed)
        .array();
  }

  static CollectionRow decode(byte[] value) {
    if (value.length != BYTES) {
      throw Failures.corrupt("The stored data is damaged: the record of a collection.", null);
    }
    ByteBuffer buffer = ByteBuffer.wrap(value);
    return new CollectionRow(
        buffer.getInt(), new CollectionStats(buffer.getLong(), buffer.getLong()), buffer.getLong());
  }
}
