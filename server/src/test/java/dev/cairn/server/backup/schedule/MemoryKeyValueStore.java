package dev.cairn.server.backup.schedule;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.KeyValueStore;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiPredicate;

/**
 * A catalog in memory that is quick enough for a simulated year: a change costs the same however
 * much there is. Keys here are ASCII, so their order is that of their bytes. Thread-safe, but
 * several changes are not seen at one moment.
 */
final class MemoryKeyValueStore implements KeyValueStore {
  private final NavigableMap<String, ByteString> entries = new ConcurrentSkipListMap<>();

  @Override
  public Optional<ByteString> get(String key) {
    return Optional.ofNullable(entries.get(key));
  }

  @Override
  public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
    Map<String, ByteString> tail =
        after.compareTo(prefix) > 0 ? entries.tailMap(after, false) : entries.tailMap(prefix, true);
    for (Map.Entry<String, ByteString> entry : tail.entrySet()) {
      if (!entry.getKey().startsWith(prefix) || !visitor.test(entry.getKey(), entry.getValue())) {
        return;
      }
    }
  }

  @Override
  public void scanDescending(
      String prefix, String before, BiPredicate<String, ByteString> visitor) {
    for (Map.Entry<String, ByteString> entry : entries.descendingMap().entrySet()) {
      if (entry.getKey().startsWith(prefix)
          && (before.isEmpty() || entry.getKey().compareTo(before) < 0)
          && !visitor.test(entry.getKey(), entry.getValue())) {
        return;
      }
    }
  }

  @Override
  public void write(List<Change> changes) {
    for (Change change : changes) {
      ByteString value = change.value();
      if (value == null) {
        entries.remove(change.key());
      } else {
        entries.put(change.key(), value);
      }
    }
  }

  @Override
  public void close() {}
}
