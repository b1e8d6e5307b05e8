package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.Durability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.WriteBatch;

/**
 * The checksums of table files that were taken over from another database. RocksDB forgets them
 * then, and a backup would have to read the files to know them. So they are kept in the metadata,
 * under the files' new names, which are never used again. Stateless.
 */
final class AdoptedChecksums {
  private AdoptedChecksums() {}

  /** CRC32C by name of the file; also of files that are no more. */
  static Map<String, Integer> of(Database database) {
    Map<String, Integer> checksums = new HashMap<>();
    byte[] first = MetaKeys.firstChecksum();
    byte[] end = MetaKeys.afterPrefix(first);
    try (Range range = new Range(database, RocksItemStore.META, first, end)) {
      while (range.next()) {
        byte[] value = range.value();
        if (value.length != Integer.BYTES) {
          throw Failures.corrupt("The stored data is damaged: a checksum in the metadata.", null);
        }
        checksums.put(MetaKeys.checksumFile(range.key()), ByteBuffer.wrap(value).getInt());
      }
    }
    return checksums;
  }

  /** What RocksDB knows of the files that it wrote. */
  static Map<String, Integer> ofEngine(Database database) {
    Map<String, Integer> checksums = new HashMap<>();
    for (LiveFileMetaData file : database.rocks().getLiveFilesMetaData()) {
      byte[] checksum = file.fileChecksum();
      if (checksum != null && checksum.length == Integer.BYTES) {
        checksums.put(name(file), ByteBuffer.wrap(checksum).getInt());
      }
    }
    return checksums;
  }

  /**
   * Keeps in {@code target} what {@code source} knows of files that both have by now, and forgets
   * what {@code target} knew of files that it has no more.
   */
  static void take(Database source, Database target) {
    Map<Object, Integer> known = new HashMap<>();
    Map<String, Integer> names = of(source);
    names.putAll(ofEngine(source));
    names.forEach(
        (name, checksum) -> {
          @Nullable Object identity = identity(source.directory().resolve(name));
          if (identity != null) {
            known.put(identity, checksum);
          }
        });
    try (WriteBatch batch = new WriteBatch()) {
      Map<String, Integer> stale = of(target);
      for (LiveFileMetaData file : target.rocks().getLiveFilesMetaData()) {
        stale.remove(name(file));
        if (!OwnFamilies.isName(file.columnFamilyName())) {
          continue; // written here
        }
        @Nullable Integer checksum = known.get(identity(target.directory().resolve(name(file))));
        if (checksum != null) {
          byte[] value = ByteBuffer.allocate(Integer.BYTES).putInt(checksum).array();
          target.put(batch, RocksItemStore.META, MetaKeys.checksum(name(file)), value);
        }
      }
      for (String name : stale.keySet()) {
        target.delete(batch, RocksItemStore.META, MetaKeys.checksum(name));
      }
      target.write(batch, Durability.BUFFERED);
    }
  }

  private static String name(LiveFileMetaData file) {
    String name = file.fileName();
    return name.substring(name.lastIndexOf('/') + 1);
  }

  /** The same for all links of a file; null where that cannot be told. */
  private static @Nullable Object identity(Path file) {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (IOException e) {
      return null; // it has gone: a compaction has replaced it
    }
  }
}
