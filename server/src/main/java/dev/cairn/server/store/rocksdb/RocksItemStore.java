package dev.cairn.server.store.rocksdb;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.server.store.CheckpointFile;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.WriteBatch;

/**
 * {@link ItemStore} on a RocksDB database; the layout is in this package's description.
 *
 * <p>Thread-safe as the interface says. The database itself is the only truth about names, counts
 * and items; in memory there is just the next free number. Reads of one item do without a snapshot:
 * a name gets another home before or while the items of the old one are removed, so an item that is
 * found at a home was the collection's after the read began, and one that is not found was missing
 * if the name still has that home afterwards.
 */
final class RocksItemStore implements ItemStore {
  static final int META = 0;
  static final int DATA = 1;

  /** Bounds what is read in one go, whatever the size of the items. */
  private static final int IDS_AT_ONCE = 32;

  private static final long FORMAT = 1;

  private final Database database;
  private final EngineOptions options;
  private final AtomicInteger nextNumber = new AtomicInteger(1);
  private final AtomicBoolean transactionOpen = new AtomicBoolean();

  /** Large collections that still lie among others, and can be given families of their own. */
  private final Outgrown outgrown;

  private RocksItemStore(Database database, EngineOptions options) {
    this.database = database;
    this.options = options;
    this.outgrown = new Outgrown(this, database, options);
  }

  /** Makes an empty database a content database. The store owns it from then on. */
  static RocksItemStore format(Database database, EngineOptions options) {
    try (WriteBatch batch = new WriteBatch()) {
      database.put(batch, META, MetaKeys.format(), MetaKeys.number(FORMAT));
      database.write(batch, Durability.SYNCED);
    }
    return new RocksItemStore(database, options);
  }

  /**
   * Checks that {@code database} is a content database and, unless it is read-only, removes items
   * that no name leads to. The store owns it from then on.
   */
  static RocksItemStore open(Database database, EngineOptions options) {
    RocksItemStore store = new RocksItemStore(database, options);
    long format = store.metaNumber(MetaKeys.format());
    if (format != FORMAT) {
      throw Failures.corrupt(
          "The stored data has format " + format + "; this server reads format " + FORMAT + ".",
          null);
    }
    Map<CollectionId, CollectionRow> rows = store.rows();
    TreeSet<Integer> live = new TreeSet<>();
    for (CollectionRow row : rows.values()) {
      live.add(row.home().number());
      requireFamily(database, row.home());
    }
    if (!database.isReadOnly()) {
      store.adoptNumbers(live);
      store.outgrown.look(rows.values());
    }
    return store;
  }

  /** So that a collection whose family is missing is not taken for an empty one. */
  private static void requireFamily(Database database, Home home) {
    if (home.own() && !database.ownFamilies().contains(home.number())) {
      throw Failures.corrupt("The stored data is damaged: a collection's items are missing.", null);
    }
  }

  /** Removes items under numbers that no name has, and finds the next free number. */
  private void adoptNumbers(SortedSet<Integer> live) {
    TreeSet<Integer> ownFamilies = new TreeSet<>(database.ownFamilies());
    ownFamilies.removeAll(live);
    removeItems(ownFamilies.stream().map(Home::own).toList());
    SortedSet<Integer> orphans = orphans(live);
    removeItems(orphans.stream().map(Home::shared).toList());
    orphans.addAll(ownFamilies);
    long next = metaNumber(MetaKeys.nextNumber());
    next = Math.max(next, live.isEmpty() ? 0 : live.last() + 1);
    next = Math.max(next, orphans.isEmpty() ? 0 : orphans.last() + 1);
    nextNumber.set((int) Math.max(next, 1));
  }

  /** The numbers that have items but no name. Looks only where live numbers leave a gap. */
  private SortedSet<Integer> orphans(SortedSet<Integer> live) {
    TreeSet<Integer> orphans = new TreeSet<>();
    int number = 0;
    for (int next : live) {
      orphansBetween(number, ItemCodec.first(next), orphans);
      number = next + 1;
    }
    orphansBetween(number, null, orphans);
    return orphans;
  }

  private void orphansBetween(int first, byte @Nullable [] end, Set<Integer> orphans) {
    byte[] from = ItemCodec.first(first);
    while (end == null || Arrays.compareUnsigned(from, end) < 0) {
      try (Range range = new Range(database, DATA, from, end)) {
        if (!range.next()) {
          return;
        }
        int orphan = ItemCodec.number(range.key());
        orphans.add(orphan);
        from = ItemCodec.first(orphan + 1);
      }
    }
  }

  /** Removes all items at {@code homes}; if that is lost in a crash, {@link #open} does it. */
  void removeItems(Collection<Home> homes) {
    database.deleteItems(homes, Durability.BUFFERED);
    dropFamilies(homes);
  }

  /** Removes whatever was copied to {@code homes} and never got a name. */
  void discard(Collection<Home> homes) {
    database.deleteFiles(homes);
    removeItems(homes);
  }

  /**
   * Drops the families among {@code homes}. Whatever took the names away from them must be on disk:
   * this is not undone by a loss of power.
   */
  void dropFamilies(Collection<Home> homes) {
    for (Home home : homes) {
      if (home.own()) {
        database.dropFamily(home.number());
      }
    }
  }

  @Override
  public SortedMap<CollectionId, CollectionStats> collections() {
    TreeMap<CollectionId, CollectionStats> collections = new TreeMap<>();
    rows().forEach((id, row) -> collections.put(id, row.stats()));
    return collections;
  }

  /** All collections at one moment. */
  Map<CollectionId, CollectionRow> rows() {
    Map<CollectionId, CollectionRow> rows = new LinkedHashMap<>();
    byte[] first = MetaKeys.firstCollection();
    try (Range range = new Range(database, META, first, MetaKeys.afterPrefix(first))) {
      while (range.next()) {
        rows.put(MetaKeys.collection(range.key()), CollectionRow.decode(range.value()));
      }
    }
    return rows;
  }

  @Override
  public CollectionStats stats(CollectionId collection) {
    CollectionRow row = row(collection);
    return row == null ? CollectionStats.EMPTY : row.stats();
  }

  @Nullable CollectionRow row(CollectionId collection) {
    return decodeRow(database.get(META, MetaKeys.collection(collection)));
  }

  private static @Nullable CollectionRow row(Moment moment, CollectionId collection) {
    return decodeRow(moment.get(META, MetaKeys.collection(collection)));
  }

  private static @Nullable CollectionRow decodeRow(byte @Nullable [] value) {
    return value == null ? null : CollectionRow.decode(value);
  }

  @Override
  public Optional<StoredItem> get(CollectionId collection, String itemId) {
    CollectionRow row = row(collection);
    while (row != null) {
      byte[] value = valueAt(row.home(), itemId);
      if (value != null) {
        return Optional.of(ItemCodec.decode(itemId, value));
      }
      CollectionRow now = row(collection);
      if (now != null && now.home().equals(row.home())) {
        return Optional.empty();
      }
      row = now;
    }
    return Optional.empty();
  }

  private byte @Nullable [] valueAt(Home home, String itemId) {
    try {
      return database.get(home.family(), home.key(itemId));
    } catch (FamilyGoneException e) {
      return null; // the name has moved on
    }
  }

  @Override
  public Found get(CollectionId collection, List<String> itemIds, long maxBytes) {
    return whereItIs(() -> find(collection, itemIds, maxBytes));
  }

  private Found find(CollectionId collection, List<String> itemIds, long maxBytes) {
    Map<String, StoredItem> found = new LinkedHashMap<>();
    try (Moment moment = new Moment(database)) {
      CollectionRow row = row(moment, collection);
      if (row == null) {
        return new Found(found, itemIds.size());
      }
      long bytes = 0;
      for (int from = 0; from < itemIds.size(); from += IDS_AT_ONCE) {
        List<String> ids = itemIds.subList(from, Math.min(itemIds.size(), from + IDS_AT_ONCE));
        List<byte[]> keys = ids.stream().map(row.home()::key).toList();
        List<byte[]> values = moment.getAll(row.home().family(), keys);
        for (int i = 0; i < values.size(); i++) {
          byte[] value = values.get(i);
          if (value != null) {
            StoredItem item = ItemCodec.decode(ids.get(i), value);
            bytes += found.put(ids.get(i), item) == null ? item.data().size() : 0;
          }
          if (bytes >= maxBytes) {
            return new Found(found, from + i + 1);
          }
        }
      }
    }
    return new Found(found, itemIds.size());
  }

  @Override
  public ItemCursor scan(CollectionId collection, String afterItemId) {
    return whereItIs(() -> cursor(collection, afterItemId));
  }

  /**
   * Reads at one moment. A family can be dropped between the moment and its first use; at a later
   * moment its collection is somewhere else.
   */
  private static <T> T whereItIs(Supplier<T> read) {
    while (true) {
      try {
        return read.get();
      } catch (FamilyGoneException e) {
        // Look again. It takes a restoration or a deletion for each turn.
      }
    }
  }

  private ItemCursor cursor(CollectionId collection, String afterItemId) {
    Moment moment = new Moment(database);
    boolean done = false;
    try {
      ItemCursor cursor = new RocksCursor(moment, row(moment, collection), afterItemId);
      done = true;
      return cursor;
    } finally {
      if (!done) {
        moment.close();
      }
    }
  }

  @Override
  public long changeIndex(CollectionId collection) {
    CollectionRow row = row(collection);
    return row == null ? 0 : row.changed();
  }

  @Override
  public Optional<ByteString> marker(String key) {
    byte[] value = database.get(META, MetaKeys.marker(key));
    return value == null ? Optional.empty() : Optional.of(UnsafeByteOperations.unsafeWrap(value));
  }

  /** The markers whose key starts with {@code prefix}, at one moment. */
  SortedMap<String, ByteString> markers(String prefix) {
    TreeMap<String, ByteString> markers = new TreeMap<>();
    byte[] first = MetaKeys.marker(prefix);
    try (Range range = new Range(database, META, first, MetaKeys.afterPrefix(first))) {
      while (range.next()) {
        markers.put(MetaKeys.marker(range.key()), UnsafeByteOperations.unsafeWrap(range.value()));
      }
    }
    return markers;
  }

  @Override
  public long appliedIndex() {
    return metaNumber(MetaKeys.appliedIndex());
  }

  /** 0 if it was never written. */
  private long metaNumber(byte[] key) {
    byte[] value = database.get(META, key);
    return value == null ? 0 : MetaKeys.number(value);
  }

  /** A number that no collection has had. */
  int takeNumber() {
    return nextNumber.getAndIncrement();
  }

  /** Above every number taken so far. */
  int nextNumber() {
    return nextNumber.get();
  }

  @Override
  public ItemTransaction begin() {
    database.requireWritable();
    if (!transactionOpen.compareAndSet(false, true)) {
      throw new IllegalStateException("a transaction is open already");
    }
    database.acquire();
    return new RocksTransaction(this, database);
  }

  /** Called by the one transaction when it is closed. */
  void transactionClosed() {
    database.release();
    transactionOpen.set(false);
  }

  @Override
  public StagedCollections stage(
      ItemStore source,
      Map<CollectionId, CollectionId> copies,
      Path scratch,
      CopyListener listener) {
    database.requireWritable();
    RocksItemStore from = (RocksItemStore) source;
    return whereItIs(() -> stageFrom(from, copies, scratch, listener));
  }

  private StagedCollections stageFrom(
      RocksItemStore from,
      Map<CollectionId, CollectionId> copies,
      Path scratch,
      CopyListener listener) {
    try (Moment moment = new Moment(from.database)) {
      Map<CollectionId, CollectionRow> contents = new TreeMap<>();
      List<Staging.Copy> work = new ArrayList<>();
      copies.forEach(
          (sourceId, destination) -> {
            CollectionRow row = row(moment, sourceId);
            CollectionStats stats = row == null ? CollectionStats.EMPTY : row.stats();
            Home home = new Home(takeNumber(), outgrown.isLarge(stats));
            CollectionRow staged = new CollectionRow(home, stats, 0);
            if (contents.put(destination, staged) != null) {
              throw new IllegalArgumentException("two copies into " + destination);
            }
            work.add(new Staging.Copy(row, destination, staged));
          });
      RocksStagedCollections staged = new RocksStagedCollections(this, contents);
      try {
        new Staging(database, options, scratch, listener).run(from.database, moment, work);
      } catch (RuntimeException | Error e) {
        staged.closeAfter(e);
        throw e;
      }
      return staged;
    }
  }

  @Override
  public boolean isOutgrown() {
    return outgrown.any();
  }

  @Override
  public Optional<StagedCollections> resettle(Path scratch, CopyListener listener) {
    database.requireWritable();
    return outgrown.resettle(scratch, listener);
  }

  /** Told of by the transaction, and carries its write out. */
  Outgrown outgrown() {
    return outgrown;
  }

  @Override
  public void beginFlush() {
    if (!database.isReadOnly() && database.isHealthy()) {
      database.beginFlush();
    }
  }

  @Override
  public void flush() {
    database.flush();
  }

  @Override
  public List<CheckpointFile> checkpoint(Path target) {
    if (!database.isReadOnly()) {
      // A failure here leaves the database in doubt; one of the checkpoint itself does not.
      database.flush();
    }
    return CheckpointWriter.write(database, target, AdoptedChecksums.of(database));
  }

  @Override
  public boolean isHealthy() {
    return database.isHealthy();
  }

  @Override
  public void close() {
    database.close();
  }
}
