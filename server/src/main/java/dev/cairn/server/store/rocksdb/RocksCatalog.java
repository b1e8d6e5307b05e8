package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.KeyValueStore;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.rocksdb.WriteBatch;

/** {@link KeyValueStore} on a RocksDB database with one column family. Thread-safe. */
final class RocksCatalog implements KeyValueStore {
  private static final int ENTRIES = 0;

  private final Database database;

  RocksCatalog(Database database) {
    this.database = database;
  }

  @Override
  public Optional<ByteString> get(String key) {
    byte[] value = database.get(ENTRIES, key.getBytes(UTF_8));
    return value == null ? Optional.empty() : Optional.of(UnsafeByteOperations.unsafeWrap(value));
  }

  @Override
  public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
    byte[] from = prefix.getBytes(UTF_8);
    byte[] afterKey = after.getBytes(UTF_8);
    if (!after.isEmpty() && Arrays.compareUnsigned(afterKey, from) >= 0) {
      from = Arrays.copyOf(afterKey, afterKey.length + 1);
    }
    byte[] to = MetaKeys.afterPrefix(prefix.getBytes(UTF_8));
    try (Range range = new Range(database, ENTRIES, from, to.length == 0 ? null : to)) {
      boolean more = true;
      while (more && range.next()) {
        more = visit(range, visitor);
      }
    }
  }

  @Override
  public void scanDescending(
      String prefix, String before, BiPredicate<String, ByteString> visitor) {
    byte[] to = MetaKeys.afterPrefix(prefix.getBytes(UTF_8));
    byte[] beforeKey = before.getBytes(UTF_8);
    if (!before.isEmpty() && (to.length == 0 || Arrays.compareUnsigned(beforeKey, to) < 0)) {
      to = beforeKey;
    }
    byte[] from = prefix.getBytes(UTF_8);
    try (Range range = new Range(database, ENTRIES, from, to.length == 0 ? null : to)) {
      boolean more = true;
      while (more && range.previous()) {
        more = visit(range, visitor);
      }
    }
  }

  private static boolean visit(Range range, BiPredicate<String, ByteString> visitor) {
    return visitor.test(
        new String(range.key(), UTF_8), UnsafeByteOperations.unsafeWrap(range.value()));
  }

  @Override
  public void write(List<Change> changes) {
    try (WriteBatch batch = new WriteBatch()) {
      for (Change change : changes) {
        byte[] key = change.key().getBytes(UTF_8);
        ByteString value = change.value();
        if (value == null) {
          database.delete(batch, ENTRIES, key);
        } else {
          database.put(batch, ENTRIES, key, value.toByteArray());
        }
      }
      database.write(batch, Durability.SYNCED);
    }
  }

  @Override
  public void close() {
    database.close();
  }
}
