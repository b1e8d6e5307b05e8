package dev.cairn.server.repository;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Keeps backups. It needs no more of what lies below than put-if-absent, get, list and delete, so
 * that an object store can be one later. Thread-safe for different keys; calls for the same key are
 * ordered by the caller.
 *
 * <p>Throws {@code ServiceException}: BACKUP_NOT_FOUND for an unknown key, BACKUP_CORRUPT for a
 * damaged one (metadata {@code file}), STORAGE_FAILED and DISK_FULL as the file system does.
 */
public interface BackupRepository {
  /**
   * Where the files of a backup to be should be written, so that {@link #put} is cheap. Its parent
   * exists on return, it does not; what an earlier try left there is removed.
   */
  Path stagingDirectory(BackupKey key);

  /**
   * Makes the files in {@code directory} the backup {@code key}, the manifest last. Durable on
   * return. The repository owns the directory from then on.
   *
   * @param directory what is in it, names included, is durable already: a database forces its files
   *     when it writes them, and every force that is repeated costs the disk a flush of its own
   * @throws IllegalStateException if the backup exists
   */
  void put(BackupKey key, Path directory, Manifest manifest);

  /** The manifest, its own checksum checked; empty if there is no such backup. */
  Optional<Manifest> manifest(BackupKey key);

  /** A local directory with the backup's files, to be read and hard-linked but never written. */
  Path fetch(BackupKey key);

  /**
   * Reads every file and compares sizes and checksums with the manifest; nothing may be missing,
   * nothing more may be there.
   *
   * @param readers how many files are read at once, at most: more than one where somebody waits
   * @throws dev.cairn.server.error.ServiceException BACKUP_CORRUPT naming the first bad file in
   *     metadata {@code file}
   */
  void verify(BackupKey key, int readers, VerifyListener listener);

  /** The same, one file after the other. */
  default void verify(BackupKey key, VerifyListener listener) {
    verify(key, 1, listener);
  }

  /** Bytes that deleting the backup would free now: those that nothing else shares. */
  long exclusiveBytes(BackupKey key);

  /** All backups with a manifest, by key. */
  List<BackupKey> list();

  /**
   * Removes a backup, the manifest first, or what a broken {@link #put} left of it. Unknown keys
   * are no error.
   */
  void delete(BackupKey key);

  /**
   * Removes what keeps the place of a deleted site, once its last backup is gone; until then
   * nothing happens. Must not run beside {@link #stagingDirectory} or {@link #put} for that site.
   */
  default void forgetSite(String siteId) {}

  /**
   * Removes whatever is not a whole backup: staging directories and files without a manifest.
   * Answers what there is then, like {@link #list}.
   */
  List<BackupKey> sweep();

  /**
   * Told how a verification goes on, by the thread that asked for it. It may throw to stop it, and
   * is not told any more then.
   */
  @FunctionalInterface
  interface VerifyListener {
    /** After each chunk read: totals since the start. */
    void verified(long bytes, int files);
  }
}
