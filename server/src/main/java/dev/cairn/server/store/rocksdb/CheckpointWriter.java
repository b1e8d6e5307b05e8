package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CheckpointFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.rocksdb.Checkpoint;
import org.rocksdb.RocksDBException;

/** Takes checkpoints. Stateless; any number may be taken at once, of one database too. */
final class CheckpointWriter {
  private CheckpointWriter() {}

  /**
   * @param adopted checksums that the engine does not know, by name
   */
  static List<CheckpointFile> write(Database database, Path target, Map<String, Integer> adopted) {
    // Files come and go meanwhile: one that is in the checkpoint was there before it or after.
    Map<String, Integer> checksums = new HashMap<>(adopted);
    checksums.putAll(AdoptedChecksums.ofEngine(database));
    DatabaseFiles.make(target, temporary -> createCheckpoint(database, temporary));
    checksums.putAll(AdoptedChecksums.ofEngine(database));
    try {
      List<CheckpointFile> files = new ArrayList<>();
      for (Path file : DatabaseFiles.list(target)) {
        String name = file.getFileName().toString();
        Integer checksum = checksums.get(name);
        files.add(
            new CheckpointFile(
                name,
                Files.size(file),
                checksum == null ? OptionalInt.empty() : OptionalInt.of(checksum)));
      }
      return files;
    } catch (IOException e) {
      throw Failures.of("list a checkpoint", e);
    }
  }

  private static void createCheckpoint(Database database, Path directory) {
    try (Checkpoint checkpoint = Checkpoint.create(database.rocks())) {
      checkpoint.createCheckpoint(directory.toString());
    } catch (RocksDBException e) {
      // RocksDB's own name for work in progress.
      DatabaseFiles.deleteIgnoringErrors(
          directory.resolveSibling(directory.getFileName() + ".tmp"));
      throw Failures.of("take a checkpoint", e);
    }
  }
}
