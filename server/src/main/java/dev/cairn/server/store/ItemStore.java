package dev.cairn.server.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One content database: collections of items, exact counts, and an index that grows with each
 * commit.
 *
 * <p>Reads may run on any number of threads, beside one {@link ItemTransaction}. Nobody may touch a
 * store after {@link #close()}, nor close it while a cursor, a transaction or a call is open: with
 * the native engine below, that ends the process. The {@code site} package's leases see to it.
 *
 * <p>Every method throws {@code ServiceException}: STORAGE_FAILED when the engine fails, DISK_FULL
 * when there is no room, DATA_CORRUPT when what is on disk is not what was written.
 */
public interface ItemStore extends AutoCloseable {
  /** Every collection with what it holds, at one moment, ordered by id. */
  SortedMap<CollectionId, CollectionStats> collections();

  /** What a collection holds; {@link CollectionStats#EMPTY} when it does not exist. */
  CollectionStats stats(CollectionId collection);

  Optional<StoredItem> get(CollectionId collection, String itemId);

  /** The items that exist among {@code itemIds}, all of the same moment, by id. */
  default Map<String, StoredItem> get(CollectionId collection, List<String> itemIds) {
    return get(collection, itemIds, Long.MAX_VALUE).items();
  }

  /**
   * The same, looking at no further id once the data found has {@code maxBytes}; so that a few ids
   * cannot ask for more than there is memory.
   */
  Found get(CollectionId collection, List<String> itemIds, long maxBytes);

  /**
   * Some of the items that were asked for.
   *
   * @param items by id
   * @param looked how many of the ids were looked at, from the first
   */
  record Found(Map<String, StoredItem> items, int looked) {}

  /**
   * A cursor over the items whose id comes after {@code afterItemId} (empty: from the first one). A
   * collection that does not exist has no items.
   */
  ItemCursor scan(CollectionId collection, String afterItemId);

  Optional<com.google.protobuf.ByteString> marker(String key);

  /** How many commits this database has seen, those before a restart or a checkpoint included. */
  long appliedIndex();

  /**
   * A number that grows whenever the collection changes, so that two equal answers mean that
   * nothing happened in between; 0 when it does not exist. An implementation that keeps no such
   * number answers for the whole database.
   */
  default long changeIndex(CollectionId collection) {
    return appliedIndex();
  }

  ItemTransaction begin();

  /**
   * Copies collections of {@code source} into this store without making them visible. May run
   * beside transactions and reads of both stores.
   *
   * @param copies from which collection of the source to which destination; a source collection
   *     that does not exist gives an empty destination
   * @param source a store of the same engine, this one included
   * @param scratch a directory on the same file system for files in work: emptied if it exists, and
   *     gone again on return, after a failure too
   */
  StagedCollections stage(
      ItemStore source,
      Map<CollectionId, CollectionId> copies,
      Path scratch,
      CopyListener listener);

  /**
   * Whether a collection has become so large that {@link #resettle} would help. Cheap; an answer
   * may be a moment old.
   */
  default boolean isOutgrown() {
    return false;
  }

  /**
   * Copies the largest collection for which that holds to where a backup's copy of it can later be
   * restored without copying it, and follows what is changed meanwhile. It becomes the collection's
   * home by {@link ItemTransaction#resettle}. May run beside transactions and reads; one at a time.
   *
   * @param scratch as {@link #stage} has it
   * @return empty when there is none, or when it changes too quickly just now
   */
  default Optional<StagedCollections> resettle(Path scratch, CopyListener listener) {
    return Optional.empty();
  }

  /**
   * Begins to write what is in memory to table files and does not wait, so that a {@link #flush}
   * some time later has little left to do. What fails is that one's business.
   */
  void beginFlush();

  /** Writes what is in memory to table files, so that a checkpoint soon after is quick. */
  void flush();

  /**
   * Makes {@code directory} a full picture of this moment that can be opened by itself; table files
   * are hard links. What is in it, names included, is durable on return; its own name is the
   * business of whoever keeps it.
   *
   * @param directory must not exist; its parent must. What a crash leaves unfinished lies beside
   *     it, under a name that starts with its own and ends with {@code .tmp}
   * @return the checkpoint's files
   */
  List<CheckpointFile> checkpoint(Path directory);

  /**
   * False after a write failed in a way that leaves unknown what is on disk: the store then refuses
   * writes and has to be closed and opened again.
   */
  boolean isHealthy();

  @Override
  void close();
}
