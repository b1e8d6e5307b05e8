package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A set of changes to one {@link ItemStore} that becomes visible and durable all at once, with the
 * counts that belong to it.
 *
 * <p>At most one is open per store at a time (the caller's lock sees to it), and it is confined to
 * one thread. Its reads see its own changes. Closing without {@link #commit} changes nothing. Every
 * method throws {@code ServiceException} with STORAGE_FAILED, DISK_FULL or DATA_CORRUPT when the
 * engine fails.
 */
public interface ItemTransaction extends AutoCloseable {
  Optional<StoredItem> get(CollectionId collection, String itemId);

  /**
   * Says which items will be asked for or changed next. Changes nothing; where none of them is
   * there yet, that is found out for all of them at once.
   */
  void expect(CollectionId collection, List<String> itemIds);

  CollectionStats stats(CollectionId collection);

  /** Adds or replaces an item; the collection comes to exist with its first item. */
  void put(CollectionId collection, StoredItem item);

  /**
   * Removes an item.
   *
   * @return whether it was there
   */
  boolean delete(CollectionId collection, String itemId);

  /** Makes the collection exist, empty, if it does not. */
  void create(CollectionId collection);

  /**
   * Removes all items in one step, whatever their number. The collection stays.
   *
   * @return what it held
   */
  CollectionStats truncate(CollectionId collection);

  /**
   * Removes the collection and its items in one step.
   *
   * @return what it held; empty if there was none
   */
  CollectionStats drop(CollectionId collection);

  /**
   * Puts staged collections in the place of those of the same names, in one step. What the names
   * held before is removed.
   */
  void replace(StagedCollections staged);

  /**
   * Moves a collection to where {@link ItemStore#resettle} has copied it, with all that was changed
   * since. Nobody who reads sees a difference.
   *
   * @return false, and nothing is changed, when what was copied is not the collection any more
   */
  default boolean resettle(StagedCollections moved) {
    throw new IllegalStateException("nothing was copied");
  }

  /** A small named value beside the items, for example how far an import has come. */
  Optional<ByteString> marker(String key);

  /** All markers whose key starts with {@code prefix}, by key. */
  Map<String, ByteString> markers(String prefix);

  void putMarker(String key, ByteString value);

  void deleteMarker(String key);

  /** Remembers this point, so that {@link #rollback()} can come back to it. One at a time. */
  void savepoint();

  /** Takes back everything since the last {@link #savepoint()}; there must be one. It remains. */
  void rollback();

  /**
   * Writes the changes atomically, together with the store's next applied index.
   *
   * @return the new applied index; when nothing was changed, the old one
   */
  long commit(Durability durability);

  @Override
  void close();

  /** The collections this transaction knows, its own changes included. */
  List<CollectionId> collections();
}
