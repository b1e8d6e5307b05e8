package dev.cairn.server.store.rocksdb;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.rocksdb.Checkpoint;
import org.rocksdb.ExportImportFilesMetaData;
import org.rocksdb.RocksDBException;

/**
 * Takes whole families over from a backup, as links of its table files: nothing is read or copied,
 * whatever they hold. The engine exports only from a database that is open for writing, so a clone
 * of the backup is opened for that, which goes again.
 *
 * <p>Confined to the thread that runs it.
 */
final class FamilyLinks {
  private final Database target;
  private final EngineOptions options;
  private final Path scratch;

  /**
   * @param scratch an empty directory on the same file system; the caller removes what is in it
   */
  FamilyLinks(Database target, EngineOptions options, Path scratch) {
    this.target = target;
    this.options = options;
    this.scratch = scratch;
  }

  /** From one home to another; both have families of their own, and the first is not empty. */
  record Link(Home from, Home to) {}

  /** The families are durable on return. */
  void take(Path backup, List<Link> links) throws IOException {
    Path directory = scratch.resolve("clone");
    DatabaseFiles.linkOrCopy(backup, directory);
    try (Database clone =
        Database.open(
            options.database(),
            options.contentFamilies(directory),
            directory,
            ConcurrentHashMap.newKeySet())) {
      for (Link link : links) {
        take(clone, link);
      }
      AdoptedChecksums.take(clone, target);
    }
  }

  private void take(Database clone, Link link) {
    Path files = scratch.resolve("export-" + link.from().number());
    try (Checkpoint checkpoint = Checkpoint.create(clone.rocks());
        ExportImportFilesMetaData exported =
            clone.export(link.from().family(), checkpoint, files)) {
      target.importFamily(link.to().number(), options.ownFamily(), exported);
    } catch (RocksDBException e) {
      throw Failures.of("copy collections", e);
    }
  }
}
