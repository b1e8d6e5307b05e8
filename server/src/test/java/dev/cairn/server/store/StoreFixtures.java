package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Short sentences for tests about stores. */
public final class StoreFixtures {
  public static final CollectionId CITIES = new CollectionId("cities");
  public static final CollectionId RIVERS = new CollectionId("rivers");
  public static final CollectionId LAKES = new CollectionId("lakes");

  private static final Instant CREATED = Instant.ofEpochSecond(1_700_000_000L, 123_456_789);

  private StoreFixtures() {}

  public static StoredItem item(String id) {
    return item(id, "{\"name\":\"" + id + "\"}");
  }

  public static StoredItem item(String id, String json) {
    return new StoredItem(
        id, ByteString.copyFromUtf8(json), "owner-1", CREATED, CREATED.plusNanos(1), 1);
  }

  /** Runs a transaction and commits it. */
  public static long change(ItemStore store, Consumer<ItemTransaction> changes) {
    try (ItemTransaction transaction = store.begin()) {
      changes.accept(transaction);
      return transaction.commit(Durability.SYNCED);
    }
  }

  public static long put(ItemStore store, CollectionId collection, StoredItem... items) {
    return change(
        store,
        transaction -> {
          for (StoredItem item : items) {
            transaction.put(collection, item);
          }
        });
  }

  /** All items of a collection, in the cursor's order; checks the cursor's counts on the way. */
  public static List<StoredItem> contents(ItemStore store, CollectionId collection) {
    try (ItemCursor cursor = store.scan(collection, "")) {
      List<StoredItem> items = rest(cursor);
      Assertions.assertThat(cursor.stats()).isEqualTo(statsOf(items));
      return items;
    }
  }

  public static List<String> ids(ItemStore store, CollectionId collection) {
    return contents(store, collection).stream().map(StoredItem::id).toList();
  }

  /** Every collection with its items. */
  public static Map<CollectionId, List<StoredItem>> contents(ItemStore store) {
    Map<CollectionId, List<StoredItem>> all = new TreeMap<>();
    for (CollectionId collection : store.collections().keySet()) {
      all.put(collection, contents(store, collection));
    }
    return all;
  }

  public static List<StoredItem> rest(ItemCursor cursor) {
    List<StoredItem> items = new ArrayList<>();
    while (cursor.next()) {
      items.add(cursor.item());
    }
    return items;
  }

  public static CollectionStats statsOf(List<StoredItem> items) {
    return new CollectionStats(items.size(), items.stream().mapToLong(StoredItem::sizeBytes).sum());
  }

  public static CollectionStats statsOf(StoredItem... items) {
    return statsOf(List.of(items));
  }

  public static void assertFails(Reason reason, ThrowingCallable call) {
    Assertions.assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ServiceException.class, e -> Assertions.assertThat(e.reason()).isEqualTo(reason));
  }

  /**
   * Makes {@code copy} what {@code database}, which is in use, was at one instant: copied again
   * until the engine made and removed no file meanwhile.
   */
  public static void copyInUse(Path database, Path copy) throws IOException {
    Files.createDirectories(copy);
    Set<Path> before;
    do {
      for (Path stale : files(copy)) {
        Files.delete(stale);
      }
      before = files(database);
      for (Path file : before) {
        try {
          Files.copy(file, copy.resolve(file.getFileName()));
        } catch (NoSuchFileException e) {
          // Removed meanwhile, so this copy is not the last one.
        }
      }
    } while (!files(database).equals(before));
  }

  private static Set<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.collect(Collectors.toSet());
    }
  }
}
