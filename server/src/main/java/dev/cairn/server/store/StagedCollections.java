package dev.cairn.server.store;

import java.util.Map;

/**
 * Collections copied into a store but not yet visible under their names. They become visible by
 * {@link ItemTransaction#replace}; closing before that removes them, closing after it does nothing.
 * What a crash leaves of them is removed when the store is next opened.
 */
public interface StagedCollections extends AutoCloseable {
  /** Each destination, with what it will hold. */
  Map<CollectionId, CollectionStats> contents();

  @Override
  void close();
}
