package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Where collections lay that have no name any more: they were deleted, emptied or replaced. Their
 * items are removed as one range together with the name, but their table files stay until RocksDB
 * merges them, for which it reads each item once more. Here the files are removed as they are, as
 * soon as nobody can read them. A crash forgets them, and leaves them to RocksDB.
 *
 * <p>Thread-safe.
 */
final class RemovedHomes {
  private final Database database;
  private final Set<Home> homes = new HashSet<>();

  RemovedHomes(Database database) {
    this.database = database;
  }

  /** To be called when the names are gone, so that whoever looks from now on finds none of them. */
  synchronized void add(Collection<Home> removed) {
    removed.stream().filter(home -> !home.own()).forEach(homes::add);
  }

  /** Does nothing while anybody reads who may have come before the names were gone. */
  void freeFiles() {
    Set<Home> taken = waiting();
    if (taken.isEmpty() || database.isInUse() || !database.isHealthy()) {
      return;
    }
    try {
      // RocksDB forces that the files are gone; what took the names away may not be forced yet.
      database.forceLog();
      database.deleteFiles(taken);
      forget(taken);
    } catch (ServiceException ignored) {
      // The database takes no writes until it is opened again.
    }
  }

  private synchronized Set<Home> waiting() {
    return Set.copyOf(homes);
  }

  private synchronized void forget(Set<Home> freed) {
    homes.removeAll(freed);
  }
}
