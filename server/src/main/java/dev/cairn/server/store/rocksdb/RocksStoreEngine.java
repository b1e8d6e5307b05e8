package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.rocksdb.DBOptions;

/** {@link StoreEngine} on RocksDB. Thread-safe. */
public final class RocksStoreEngine implements StoreEngine {
  private final EngineOptions options;

  /** The databases that are open for writing. */
  private final Set<Database> tended = ConcurrentHashMap.newKeySet();

  /**
   * Loads RocksDB's native library first, if this process has not.
   *
   * @throws UncheckedIOException when that fails; the message says what to do
   */
  public RocksStoreEngine(EngineSettings settings) {
    this.options = new EngineOptions(settings);
  }

  @Override
  public ItemStore create(Path directory) {
    if (Files.exists(directory)) {
      throw Failures.refused("The directory for a database exists already.");
    }
    boolean done = false;
    try (DBOptions creating = options.newDatabase()) {
      Database database = Database.open(creating, options.contentFamilies(), directory, tended);
      try {
        RocksItemStore store = RocksItemStore.format(database, options);
        DatabaseFiles.forceDirectory(DatabaseFiles.parent(directory));
        done = true;
        return store;
      } finally {
        if (!done) {
          database.close();
        }
      }
    } catch (IOException e) {
      throw Failures.of("create a database", e);
    } finally {
      if (!done) {
        DatabaseFiles.deleteIgnoringErrors(directory);
      }
    }
  }

  @Override
  public ItemStore open(Path directory) {
    requireDatabase(directory);
    try {
      return opened(
          Database.open(options.database(), options.contentFamilies(directory), directory, tended));
    } catch (ServiceException e) {
      if (!Failures.leavesReading(e)) {
        throw e;
      }
      return opened(
          Database.openToRead(
              options.database(), options.contentFamilies(directory), directory, e));
    }
  }

  @Override
  public ItemStore openReadOnly(Path directory) {
    requireDatabase(directory);
    return opened(
        Database.openReadOnly(options.database(), options.contentFamilies(directory), directory));
  }

  /** RocksDB would make the directory to write in its log that there is none. */
  private static void requireDatabase(Path directory) {
    if (!isDatabase(directory)) {
      throw Failures.corrupt("The stored data is damaged: a database is missing.", null);
    }
    verify(directory);
  }

  /** What RocksDB itself would take for the work of a crash. */
  private static void verify(Path directory) {
    LogFiles.verify(directory);
    ManifestMark.verify(directory);
  }

  private static boolean isDatabase(Path directory) {
    return Files.exists(directory.resolve("CURRENT"));
  }

  private ItemStore opened(Database database) {
    boolean done = false;
    try {
      ItemStore store = RocksItemStore.open(database, options);
      done = true;
      return store;
    } finally {
      if (!done) {
        database.close();
      }
    }
  }

  @Override
  public void cloneDatabase(Path source, Path target) {
    DatabaseFiles.make(target, temporary -> DatabaseFiles.linkOrCopy(source, temporary));
    try {
      DatabaseFiles.forceDirectory(DatabaseFiles.parent(target));
    } catch (IOException e) {
      throw Failures.of("copy a database", e);
    }
  }

  @Override
  public KeyValueStore openCatalog(Path directory) {
    if (isDatabase(directory)) {
      verify(directory);
    }
    try (DBOptions creating = options.newDatabase()) {
      Database database = Database.open(creating, options.catalogFamilies(), directory, tended);
      boolean done = false;
      try {
        DatabaseFiles.forceDirectory(DatabaseFiles.parent(directory));
        done = true;
        return new RocksCatalog(database, new CatalogOpener(directory));
      } catch (IOException e) {
        throw Failures.of("open the catalog", e);
      } finally {
        if (!done) {
          database.close();
        }
      }
    }
  }

  /** Opens the catalog again after it failed. */
  private final class CatalogOpener implements RocksCatalog.Opener {
    private final Path directory;

    CatalogOpener(Path directory) {
      this.directory = directory;
    }

    @Override
    public Database open() {
      verify(directory);
      return Database.open(options.database(), options.catalogFamilies(), directory, tended);
    }

    @Override
    public Database openToRead(ServiceException why) {
      return Database.openToRead(options.database(), options.catalogFamilies(), directory, why);
    }
  }

  /**
   * Takes down how far the open databases have come, so that damage is found that looks like an
   * earlier state, and gives room back that removed collections took. Opening, flushing and closing
   * one sets its mark anyway; this is for what RocksDB does by itself, and so to be called every
   * second or so. Some microseconds for each, and some milliseconds for one that has lost
   * collections; never throws, may be called at any time.
   */
  public void tend() {
    tended.forEach(Database::tend);
  }

  /** What the engine has done since it was opened; not after {@link #close()}. */
  public EngineStatistics statistics() {
    return options.statistics();
  }

  @Override
  public void close() {
    options.close();
  }
}
