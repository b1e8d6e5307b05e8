package dev.cairn.server.backup;

/** Why a backup exists. */
public enum BackupType {
  /** Somebody asked for it. */
  ON_DEMAND,
  /** The schedule took it. */
  AUTO,
  /** A restoration kept what it replaced. */
  SAFETY
}
