package dev.cairn.server.store;

import java.nio.file.Path;

/**
 * Opens databases. All of them share one set of caches, buffers and threads, which {@link #close()}
 * releases; every database has to be closed before. Thread-safe.
 */
public interface StoreEngine extends AutoCloseable {
  /** Makes an empty content database. {@code directory} must not exist, its parent must. */
  ItemStore create(Path directory);

  /**
   * Opens a content database that exists and removes what a crash left half-made in it. When it
   * cannot be opened for writing, because the disk is full for example, it is opened for reading:
   * it then says that it is not healthy, and refuses writes with what opening it failed with.
   *
   * @throws dev.cairn.server.error.ServiceException DATA_CORRUPT when it is damaged or missing
   */
  ItemStore open(Path directory);

  /** Opens a content database without ever writing to its directory; several may at once. */
  ItemStore openReadOnly(Path directory);

  /**
   * Makes {@code target} an independent database with the content of the closed database or
   * checkpoint {@code source}: table files are hard links, everything else is copied. The names of
   * both and that of the directory are durable on return; what was copied becomes so when the
   * database is opened, which writes its own anew.
   *
   * @param target must not exist; its parent must, on the same file system. What a crash leaves
   *     unfinished lies beside it, under a name that starts with its own and ends with {@code .tmp}
   */
  void cloneDatabase(Path source, Path target);

  /**
   * Opens the catalog, making it when absent. After a write failed it opens itself again: at once,
   * so that what is read next is what is on disk, and, as long as that gives a catalog that can
   * only be read, before later writes.
   */
  KeyValueStore openCatalog(Path directory);

  @Override
  void close();
}
