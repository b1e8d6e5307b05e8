package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.Durability;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where collections lay that have no name any more: they were deleted, emptied or replaced. Their
 * items are removed as one range together with the name, but their table files stay until RocksDB
 * merges them, for which it reads each item once more. Here the files are removed as they are, as
 * soon as nobody can read them. Those that it does not come to before the database is closed, or
 * that RocksDB is merging just then, are left to RocksDB.
 *
 * <p>Thread-safe.
 */
final class RemovedHomes {
  private static final Logger log = LoggerFactory.getLogger(RemovedHomes.class);

  private final Database database;
  private final Set<Home> homes = new HashSet<>();

  RemovedHomes(Database database) {
    this.database = database;
  }

  /** To be called when the names are gone, so that whoever looks from now on finds none of them. */
  void add(Collection<Home> removed) {
    if (removed.isEmpty()) {
      return; // as it is with nearly every write
    }
    synchronized (this) {
      removed.stream().filter(home -> !home.own()).forEach(homes::add);
    }
  }

  /** Does nothing while anybody reads who may have come before the names were gone. */
  void freeFiles() {
    Set<Home> taken = waiting();
    if (taken.isEmpty() || database.isRead() || !database.isHealthy()) {
      return;
    }
    try {
      // That the files are gone is forced, so what took the names away has to be forced before. And
      // the removal of the items may lie in one of the files, and some items in a file that stays.
      database.deleteItems(taken, Durability.SYNCED);
      database.deleteFiles(taken);
      forget(taken);
    } catch (ServiceException e) {
      log.warn("table files of removed collections stay directory={}", database.directory(), e);
    }
  }

  private synchronized Set<Home> waiting() {
    return Set.copyOf(homes);
  }

  private synchronized void forget(Set<Home> freed) {
    homes.removeAll(freed);
  }
}
