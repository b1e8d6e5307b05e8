package dev.cairn.server.store.rocksdb;

/**
 * A column family was dropped between the moment at which its collection was looked up and its use:
 * the collection has another home by now, or none. Whoever catches it looks the collection up
 * again.
 */
final class FamilyGoneException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FamilyGoneException(int family) {
    super("column family " + family + " is gone", null, false, false);
  }
}
