package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * {@link KeyValueStore} in memory, kept as the markers of an otherwise empty content. Thread-safe:
 * an entry map is replaced, never changed.
 */
final class InMemoryCatalog implements KeyValueStore {
  private final Path directory;
  private volatile NavigableMap<String, ByteString> entries;

  InMemoryCatalog(Path directory, Map<String, ByteString> entries) {
    this.directory = directory;
    this.entries = sorted(entries);
  }

  @Override
  public Optional<ByteString> get(String key) {
    return Optional.ofNullable(entries.get(key));
  }

  @Override
  public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
    visit(after.isEmpty() ? entries : entries.tailMap(after, false), prefix, visitor);
  }

  @Override
  public void scanDescending(
      String prefix, String before, BiPredicate<String, ByteString> visitor) {
    NavigableMap<String, ByteString> all = entries;
    visit((before.isEmpty() ? all : all.headMap(before, false)).descendingMap(), prefix, visitor);
  }

  private static void visit(
      Map<String, ByteString> entries, String prefix, BiPredicate<String, ByteString> visitor) {
    for (Map.Entry<String, ByteString> entry : entries.entrySet()) {
      if (entry.getKey().startsWith(prefix) && !visitor.test(entry.getKey(), entry.getValue())) {
        return;
      }
    }
  }

  @Override
  public synchronized void write(List<Change> changes) {
    NavigableMap<String, ByteString> changed = sorted(entries);
    for (Change change : changes) {
      ByteString value = change.value();
      if (value == null) {
        changed.remove(change.key());
      } else {
        changed.put(change.key(), value);
      }
    }
    InMemoryContent content = InMemoryContent.empty();
    content.markers.putAll(changed);
    content.write(directory);
    entries = changed;
  }

  private static NavigableMap<String, ByteString> sorted(Map<String, ByteString> entries) {
    NavigableMap<String, ByteString> sorted = new TreeMap<>(InMemoryContent.BY_UTF8);
    sorted.putAll(entries);
    return sorted;
  }

  @Override
  public void close() {}
}
