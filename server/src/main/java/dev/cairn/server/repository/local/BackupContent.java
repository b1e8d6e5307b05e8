package dev.cairn.server.repository.local;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository.VerifyListener;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.FileEntries;
import dev.cairn.server.repository.FileEntries.ChunkListener;
import dev.cairn.server.repository.Manifest.FileEntry;
import dev.cairn.server.repository.ManifestFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Compares the files in a directory with those that a manifest lists. Immutable. */
final class BackupContent {
  private final BackupKey key;
  private final Path directory;

  BackupContent(BackupKey key, Path directory) {
    this.key = key;
    this.directory = directory;
  }

  /**
   * Reads everything.
   *
   * @param readers how many files are read at once, at most
   * @throws ServiceException BACKUP_CORRUPT naming the first bad file
   */
  void verify(List<FileEntry> expected, int readers, VerifyListener listener) throws IOException {
    requireExactly(expected, Set.of(ManifestFormat.FILE_NAME));
    new Reading(expected, this::verify).run(readers, listener);
  }

  private void verify(FileEntry file, ChunkListener listener) throws IOException {
    if (!read(file, listener).equals(file)) {
      throw corrupt(file.name(), "its content has changed");
    }
  }

  /**
   * Looks at the directory only.
   *
   * @param besides names that may be there as well
   * @throws ServiceException BACKUP_CORRUPT naming the first bad file
   */
  void requireExactly(List<FileEntry> expected, Set<String> besides) throws IOException {
    Map<String, Long> found = sizes();
    found.keySet().removeAll(besides);
    for (FileEntry file : expected) {
      Long size = found.remove(file.name());
      if (size == null) {
        throw corrupt(file.name(), "it is missing");
      }
      if (size != file.sizeBytes()) {
        throw corrupt(file.name(), "it has " + size + " bytes instead of " + file.sizeBytes());
      }
    }
    for (String surplus : found.keySet()) {
      throw corrupt(surplus, "it does not belong there");
    }
  }

  private Map<String, Long> sizes() throws IOException {
    Map<String, Long> sizes = new TreeMap<>();
    for (Path entry : DurableFiles.list(directory)) {
      String name = String.valueOf(entry.getFileName());
      BasicFileAttributes attributes =
          Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isRegularFile()) {
        throw corrupt(name, "it is not a plain file");
      }
      sizes.put(name, attributes.size());
    }
    return sizes;
  }

  private FileEntry read(FileEntry file, ChunkListener listener) throws IOException {
    try {
      return FileEntries.read(
          directory.resolve(file.name()), file.checksum().algorithm(), listener);
    } catch (NoSuchFileException e) {
      throw corrupt(file.name(), "it is missing");
    }
  }

  private ServiceException corrupt(String file, String what) {
    return corrupt(key, file, what, null);
  }

  static ServiceException corrupt(
      BackupKey key, String file, String what, @Nullable Throwable cause) {
    return new ServiceException(
        Reason.BACKUP_CORRUPT,
        Map.of("site_id", key.siteId(), "backup_id", key.backupId(), "file", file),
        "backup "
            + key.backupId()
            + " of site "
            + key.siteId()
            + " is damaged: file "
            + file
            + ": "
            + what,
        cause);
  }

  static Map<String, String> metadata(BackupKey key) {
    return Map.of("site_id", key.siteId(), "backup_id", key.backupId());
  }
}
