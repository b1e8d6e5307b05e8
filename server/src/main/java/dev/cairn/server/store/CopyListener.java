package dev.cairn.server.store;

/** Told how a copy between stores goes on. It may throw to stop the copy. */
@FunctionalInterface
public interface CopyListener {
  /**
   * Called after each of some hundred items and after the last one of a collection.
   *
   * @param destination the collection being filled
   * @param items how many of its items have been copied so far
   * @param bytes their stored size in bytes
   */
  void copied(CollectionId destination, long items, long bytes);
}
