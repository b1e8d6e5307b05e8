package dev.cairn.server.backup;

/** PENDING becomes READY, FAILED or CANCELED; READY becomes DELETED. Nothing else happens. */
public enum BackupState {
  PENDING,
  READY,
  FAILED,
  DELETED,
  CANCELED
}
