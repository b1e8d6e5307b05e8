package dev.cairn.server.repository;

import java.time.Instant;
import java.util.List;

/**
 * What a backup is made of. Written last, it makes the backup exist; it carries a checksum of its
 * own, so that damage to it is found.
 *
 * @param siteId the site it was taken of
 * @param backupId the backup
 * @param snapshotTime the moment it shows
 * @param whole whether the files hold exactly {@code collections} and nothing else, so that the
 *     whole directory may be put in the place of a site's content
 * @param collections the collections it holds, by id
 * @param files every file but the manifest itself, by name
 */
public record Manifest(
    String siteId,
    String backupId,
    Instant snapshotTime,
    boolean whole,
    List<CollectionEntry> collections,
    List<FileEntry> files) {

  public Manifest {
    collections = List.copyOf(collections);
    files = List.copyOf(files);
  }

  /** A collection and exactly what it holds; sizes in bytes as the item store counts them. */
  public record CollectionEntry(
      String collectionId, String displayName, long itemCount, long sizeBytes) {}

  /**
   * A file of the backup.
   *
   * @param name its name within the backup's directory: no separator, and not a directory
   * @param sizeBytes its size
   * @param checksum of its whole content
   */
  public record FileEntry(String name, long sizeBytes, Checksum checksum) {
    public FileEntry {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw new IllegalArgumentException("not a file name: \"" + name + "\"");
      }
      if (name.chars().anyMatch(c -> c == '/' || c == '\\' || c == 0)) {
        throw new IllegalArgumentException("a file name may not leave its directory: " + name);
      }
      if (sizeBytes < 0) {
        throw new IllegalArgumentException("size of " + name + ": " + sizeBytes);
      }
    }
  }

  /** Items in all collections. */
  public long itemCount() {
    return collections.stream().mapToLong(CollectionEntry::itemCount).sum();
  }

  /** Bytes in all files, the manifest not counted. */
  public long fileBytes() {
    return files.stream().mapToLong(FileEntry::sizeBytes).sum();
  }
}
