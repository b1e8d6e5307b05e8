package dev.cairn.server.backup;

/**
 * The promise that a backup is not deleted until the use of it ends. Each method may be called
 * again, and does nothing new then.
 */
public interface BackupUse extends AutoCloseable {
  /** From now on the backup may be deleted. */
  void end();

  /** Ends it, and lets go of what had to stay for it, which takes a step of its own. */
  @Override
  void close();
}
