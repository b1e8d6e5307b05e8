package dev.cairn.server.restore;

/** How a backup is checked before a restoration touches anything. */
public enum VerificationMode {
  /** Size and checksum of every file. */
  CHECKSUMS,
  /** Only the manifest itself. */
  SKIP
}
