package dev.cairn.server.backup;

/** The promise that a backup is not deleted until it ends. Both may be called again. */
public interface BackupUse extends AutoCloseable {
  /** From now on the backup may be deleted. */
  void end();

  /** Ends it, and lets go of what had to stay for it; nobody should wait for that. */
  @Override
  void close();
}
