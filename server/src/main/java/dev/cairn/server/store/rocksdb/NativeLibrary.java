package dev.cairn.server.store.rocksdb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/**
 * RocksDB's native library, which its jar unpacks into the directory for temporary files.
 *
 * <p>RocksDB would remove those 17 MB when the process ends, and never if it is killed: a server
 * that is started again and again fills its disk. So the file goes as soon as it is loaded; the
 * process keeps what it has mapped.
 */
final class NativeLibrary {
  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Loads the library, unless it is loaded.
   *
   * @throws UncheckedIOException when it cannot be unpacked or loaded; says what to do
   */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    Path parent = parent();
    try {
      Path directory = Files.createTempDirectory(parent, "cairn-rocksdb-");
      try {
        NativeLibraryLoader.getInstance().loadLibrary(directory.toString());
      } finally {
        DatabaseFiles.deleteIgnoringErrors(directory);
      }
    } catch (IOException | UnsatisfiedLinkError e) {
      throw new UncheckedIOException(
          "RocksDB's library cannot be unpacked and loaded in "
              + parent
              + ", which must exist, have 20 MB of room and allow to execute files; another"
              + " directory is named with -Djava.io.tmpdir=DIRECTORY: "
              + e,
          e instanceof IOException io ? io : new IOException(e));
    }
    RocksDB.loadLibrary(); // does what is left to do, and finds the library there
    loaded = true;
  }

  /** Where RocksDB would unpack it, too. */
  private static Path parent() {
    String named = System.getenv("ROCKSDB_SHAREDLIB_DIR");
    return Path.of(
        named == null || named.isEmpty() ? System.getProperty("java.io.tmpdir", "/tmp") : named);
  }
}
