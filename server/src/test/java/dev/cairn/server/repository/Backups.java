package dev.cairn.server.repository;

import dev.cairn.server.repository.Manifest.CollectionEntry;
import dev.cairn.server.repository.Manifest.FileEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;

/** Small backups to play with. */
public final class Backups {
  public static final BackupKey KEY = new BackupKey("site-1", "backup-1");
  public static final BackupKey OTHER = new BackupKey("site-1", "backup-2");

  private Backups() {}

  /** What a small checkpoint looks like, with content that depends on {@code seed}. */
  public static Map<String, byte[]> content(long seed) {
    Random random = new Random(seed);
    Map<String, byte[]> files = new TreeMap<>();
    files.put("000008.sst", bytes(random, 300));
    files.put("000009.sst", bytes(random, 300));
    files.put("CURRENT", bytes(random, 16));
    files.put("EMPTY", new byte[0]);
    files.put("MANIFEST-000005", bytes(random, 80));
    return files;
  }

  /** Writes files to a directory that is made, and returns the manifest of them. */
  public static Manifest write(BackupKey key, Map<String, byte[]> content, Path directory) {
    try {
      Files.createDirectories(directory);
      for (Map.Entry<String, byte[]> file : content.entrySet()) {
        Files.write(directory.resolve(file.getKey()), file.getValue());
      }
      return manifest(
          key,
          content.keySet().stream()
              .map(name -> FileEntries.of(directory.resolve(name), OptionalInt.empty()))
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Manifest manifest(BackupKey key, List<FileEntry> files) {
    return new Manifest(
        key.siteId(),
        key.backupId(),
        Instant.parse("2026-02-03T04:05:06.123456789Z"),
        true,
        List.of(new CollectionEntry("books", "B\u00fccher \ud83d\udcda \"alle\"", 12, 3456)),
        files);
  }

  /** Puts a backup the way a job does. */
  public static void put(BackupRepository repository, BackupKey key, Map<String, byte[]> content) {
    Path staging = repository.stagingDirectory(key);
    Manifest manifest = write(key, content, staging);
    repository.put(key, staging, manifest);
  }

  private static byte[] bytes(Random random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
