package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@link ItemStore} that keeps everything in memory and rewrites one file with each commit. For
 * tests with little data. Thread-safe: readers take the content of one moment.
 */
final class InMemoryItemStore implements ItemStore {
  private static final int ITEMS_PER_CALL = 500;

  private final Path directory;
  private final boolean readOnly;
  private volatile InMemoryContent content;

  InMemoryItemStore(Path directory, InMemoryContent content, boolean readOnly) {
    this.directory = directory;
    this.content = content;
    this.readOnly = readOnly;
  }

  @Override
  public SortedMap<CollectionId, CollectionStats> collections() {
    InMemoryContent now = content;
    TreeMap<CollectionId, CollectionStats> collections = new TreeMap<>();
    now.collections().forEach(id -> collections.put(id, now.stats(id)));
    return collections;
  }

  @Override
  public CollectionStats stats(CollectionId collection) {
    return content.stats(collection);
  }

  @Override
  public Optional<StoredItem> get(CollectionId collection, String itemId) {
    return content.items(collection).map(items -> items.get(itemId));
  }

  @Override
  public Found get(CollectionId collection, List<String> itemIds, long maxBytes) {
    Map<String, StoredItem> found = new TreeMap<>();
    Map<String, StoredItem> items =
        content.items(collection).<Map<String, StoredItem>>map(m -> m).orElse(Map.of());
    long bytes = 0;
    int looked = 0;
    for (String id : itemIds) {
      looked++;
      StoredItem item = items.get(id);
      if (item != null && found.put(id, item) == null) {
        bytes += item.data().size();
      }
      if (bytes >= maxBytes) {
        break;
      }
    }
    return new Found(found, looked);
  }

  @Override
  public ItemCursor scan(CollectionId collection, String afterItemId) {
    NavigableMap<String, StoredItem> items =
        content.items(collection).orElse(new TreeMap<>(InMemoryContent.BY_UTF8));
    return new Cursor(
        items.tailMap(afterItemId, false).values().iterator(), InMemoryContent.statsOf(items));
  }

  @Override
  public Optional<ByteString> marker(String key) {
    return Optional.ofNullable(content.markers.get(key));
  }

  @Override
  public long appliedIndex() {
    return content.appliedIndex;
  }

  @Override
  public ItemTransaction begin() {
    if (readOnly) {
      throw new IllegalStateException("the database was opened for reading only");
    }
    return new InMemoryTransaction(this, content);
  }

  /** Called by a transaction with what it made of the content. */
  void commit(InMemoryContent changed) {
    changed.write(directory);
    content = changed;
  }

  @Override
  public StagedCollections stage(
      ItemStore source,
      Map<CollectionId, CollectionId> copies,
      Path scratch,
      CopyListener listener) {
    InMemoryContent from = ((InMemoryItemStore) source).content;
    Map<CollectionId, NavigableMap<String, StoredItem>> staged = new TreeMap<>();
    copies.forEach(
        (sourceId, destination) -> {
          NavigableMap<String, StoredItem> items = new TreeMap<>(InMemoryContent.BY_UTF8);
          long bytes = 0;
          for (StoredItem item : from.items(sourceId).map(Map::values).orElse(List.of())) {
            items.put(item.id(), item);
            bytes += item.sizeBytes();
            if (items.size() % ITEMS_PER_CALL == 0) {
              listener.copied(destination, items.size(), bytes);
            }
          }
          listener.copied(destination, items.size(), bytes);
          staged.put(destination, items);
        });
    return new Staged(staged);
  }

  @Override
  public void beginFlush() {}

  @Override
  public void flush() {}

  @Override
  public List<CheckpointFile> checkpoint(Path target) {
    try {
      Files.createDirectory(target);
      content.write(target);
      Path file;
      try (var files = Files.list(target)) {
        file = files.findFirst().orElseThrow();
      }
      return List.of(
          new CheckpointFile(file.getFileName().toString(), Files.size(file), OptionalInt.empty()));
    } catch (java.nio.file.FileAlreadyExistsException e) {
      throw new ServiceException(Reason.STORAGE_FAILED, "The directory exists already.");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean isHealthy() {
    return true;
  }

  @Override
  public void close() {}

  /** Items of one moment; the map below them never changes. */
  private static final class Cursor implements ItemCursor {
    private final Iterator<StoredItem> items;
    private final CollectionStats stats;
    private @Nullable StoredItem item;

    Cursor(Iterator<StoredItem> items, CollectionStats stats) {
      this.items = items;
      this.stats = stats;
    }

    @Override
    public boolean next() {
      item = items.hasNext() ? items.next() : null;
      return item != null;
    }

    @Override
    public StoredItem item() {
      if (item == null) {
        throw new IllegalStateException("next() has not returned true");
      }
      return item;
    }

    @Override
    public CollectionStats stats() {
      return stats;
    }

    @Override
    public void close() {}
  }

  /** Items that have no name yet. */
  static final class Staged implements StagedCollections {
    final Map<CollectionId, NavigableMap<String, StoredItem>> items;
    boolean settled;

    Staged(Map<CollectionId, NavigableMap<String, StoredItem>> items) {
      this.items = items;
    }

    @Override
    public Map<CollectionId, CollectionStats> contents() {
      Map<CollectionId, CollectionStats> contents = new TreeMap<>();
      items.forEach((id, staged) -> contents.put(id, InMemoryContent.statsOf(staged)));
      return contents;
    }

    @Override
    public void close() {
      settled = true;
    }
  }
}
