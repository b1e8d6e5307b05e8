package dev.cairn.server.backup;

/** The promise that a backup is not deleted until {@link #close()}; a second close does nothing. */
@FunctionalInterface
public interface BackupUse extends AutoCloseable {
  @Override
  void close();
}
