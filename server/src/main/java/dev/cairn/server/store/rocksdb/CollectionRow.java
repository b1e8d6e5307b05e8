package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionStats;
import java.nio.ByteBuffer;

/**
 * What the metadata says of a collection.
 *
 * @param home where its items lie
 * @param changed the applied index of the last commit that changed it
 */
record CollectionRow(Home home, CollectionStats stats, long changed) {
  private static final int BYTES = Integer.BYTES + 3 * Long.BYTES;

  /** Comes last, and only where it holds, so that most rows are as they always were. */
  private static final byte OWN = 1;

  CollectionRow plus(long items, long bytes) {
    return new CollectionRow(
        home, new CollectionStats(stats.itemCount() + items, stats.sizeBytes() + bytes), changed);
  }

  CollectionRow changedAt(long appliedIndex) {
    return new CollectionRow(home, stats, appliedIndex);
  }

  byte[] encode() {
    ByteBuffer row =
        ByteBuffer.allocate(home.own() ? BYTES + 1 : BYTES)
            .putInt(home.number())
            .putLong(stats.itemCount())
            .putLong(stats.sizeBytes())
            .putLong(changed);
    return (home.own() ? row.put(OWN) : row).array();
  }

  static CollectionRow decode(byte[] value) {
    boolean own = value.length == BYTES + 1 && value[BYTES] == OWN;
    if (value.length != BYTES && !own) {
      throw Failures.corrupt("The stored data is damaged: the record of a collection.", null);
    }
    ByteBuffer buffer = ByteBuffer.wrap(value);
    return new CollectionRow(
        new Home(buffer.getInt(), own),
        new CollectionStats(buffer.getLong(), buffer.getLong()),
        buffer.getLong());
  }
}
