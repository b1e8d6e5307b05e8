package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which backups a restoration reads, so that nobody deletes them meanwhile. Kept in memory only:
 * after a restart no restoration runs.
 *
 * <p>A use begins, and is asked for, inside commands on the backup's record only: so a backup is
 * either in use when its deletion is decided, or DELETED when its use is asked for. Thread-safe;
 * the monitor guards the map.
 */
final class BackupUses {
  private final Map<BackupKey, Set<String>> users = new HashMap<>();

  /** Keeps the backup until the answer is run; again, it does nothing. */
  synchronized Runnable use(BackupKey key, String restorationId) {
    users.computeIfAbsent(key, absent -> new TreeSet<>()).add(restorationId);
    return () -> release(key, restorationId);
  }

  private synchronized void release(BackupKey key, String restorationId) {
    users.computeIfPresent(
        key,
        (same, ids) -> {
          ids.remove(restorationId);
          return ids.isEmpty() ? null : ids;
        });
  }

  synchronized boolean inUse(BackupKey key) {
    return users.containsKey(key);
  }

  /**
   * Throws if a restoration reads the backup.
   *
   * @throws ServiceException BACKUP_IN_USE
   */
  synchronized void requireUnused(BackupKey key) {
    Set<String> ids = users.getOrDefault(key, Set.of());
    if (!ids.isEmpty()) {
      throw new ServiceException(
          Reason.BACKUP_IN_USE,
          Map.of(
              "site_id", key.siteId(),
              "backup_id", key.backupId(),
              "restoration_ids", String.join(",", ids)),
          "backup " + key.backupId() + " is being read by restoration " + String.join(", ", ids));
    }
  }
}
