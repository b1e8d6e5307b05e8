package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionId;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What happens to a collection while its items are copied to another home. Thread-safe: the monitor
 * guards what has changed.
 */
final class Moving {
  /** Changes come faster than they can be copied, if there are so many. */
  private static final int MAX_CHANGED = 1_000_000;

  private final CollectionId collection;
  private final Home from;
  private final Home to;
  private Set<String> changed = new HashSet<>();
  private boolean lost;

  Moving(CollectionId collection, Home from, Home to) {
    this.collection = collection;
    this.from = from;
    this.to = to;
  }

  CollectionId collection() {
    return collection;
  }

  /** Where the collection's items were when the copy began. */
  Home from() {
    return from;
  }

  /** Where the copy is. */
  Home to() {
    return to;
  }

  /** Takes down what a transaction has just written. */
  synchronized void note(Layer written) {
    if (lost) {
      return;
    }
    written.items().keySet().stream()
        .filter(key -> key.home().equals(from))
        .forEach(key -> changed.add(key.id()));
    if (written.dropped.contains(from) || changed.size() > MAX_CHANGED) {
      lost = true;
      changed.clear();
    }
  }

  /**
   * The ids of items that were changed since this was asked last; empty when the copy has become
   * useless.
   */
  synchronized Optional<Set<String>> takeChanged() {
    if (lost) {
      return Optional.empty();
    }
    Set<String> taken = changed;
    changed = new HashSet<>();
    return Optional.of(taken);
  }
}
