package dev.cairn.server.backup;

/** Why a backup's data was deleted. */
public enum DeleteReason {
  REQUESTED,
  /** It made room for a newer on-demand backup. */
  EVICTED,
  /** Retention of AUTO or SAFETY backups ended it. */
  EXPIRED
}
