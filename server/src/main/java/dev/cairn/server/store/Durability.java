package dev.cairn.server.store;

/** When a commit is acknowledged. */
public enum Durability {
  /** After it is on disk: it survives the loss of power. */
  SYNCED,
  /** After it is with the operating system: it survives the death of the process only. */
  BUFFERED
}
