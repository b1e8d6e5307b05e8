package dev.cairn.server.repository;

import java.util.regex.Pattern;

/**
 * Names a backup in a repository. Both parts are safe as file names; the backup's never ends with
 * {@code .tmp}, which repositories may use for what is not a backup yet.
 *
 * @param siteId the site it belongs to
 * @param backupId its id, unique within the site
 */
public record BackupKey(String siteId, String backupId) implements Comparable<BackupKey> {
  private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  public BackupKey {
    if (!SAFE.matcher(siteId).matches()
        || !SAFE.matcher(backupId).matches()
        || backupId.endsWith(".tmp")) {
      throw new IllegalArgumentException("not a backup key: " + siteId + "/" + backupId);
    }
  }

  @Override
  public int compareTo(BackupKey other) {
    int bySite = siteId.compareTo(other.siteId);
    return bySite != 0 ? bySite : backupId.compareTo(other.backupId);
  }

  @Override
  public String toString() {
    return siteId + "/" + backupId;
  }
}
