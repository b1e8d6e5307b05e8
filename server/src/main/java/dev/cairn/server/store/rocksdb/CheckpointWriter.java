package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CheckpointFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.rocksdb.Checkpoint;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.RocksDBException;

/** Takes checkpoints. Stateless; any number may be taken at once, of one database too. */
final class CheckpointWriter {
  private CheckpointWriter() {}

  static List<CheckpointFile> write(Database database, Path target) {
    // Files come and go meanwhile: one that is in the checkpoint was there before it or after.
    Map<String, Integer> checksums = new HashMap<>();
    addChecksums(database, checksums);
    DatabaseFiles.make(target, temporary -> createCheckpoint(database, temporary));
    addChecksums(database, checksums);
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

  private static void addChecksums(Database database, Map<String, Integer> checksums) {
    for (LiveFileMetaData file : database.rocks().getLiveFilesMetaData()) {
      byte[] checksum = file.fileChecksum();
      if (checksum != null && checksum.length == Integer.BYTES) {
        String name = file.fileName();
        checksums.put(
            name.substring(name.lastIndexOf('/') + 1), ByteBuffer.wrap(checksum).getInt());
      }
    }
  }
}
