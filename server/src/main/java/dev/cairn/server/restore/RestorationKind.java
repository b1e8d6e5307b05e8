package dev.cairn.server.restore;

/** What a restoration puts back, and where. */
public enum RestorationKind {
  /** Every collection of the backup, into its own site. */
  FULL,
  /** Chosen collections of the backup, into their own site. */
  PARTIAL,
  /** What another restoration replaced. */
  UNDO,
  /** Every or chosen collections, into a new site. */
  CLONE
}
