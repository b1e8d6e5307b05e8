package dev.cairn.server.repository;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A file's checksum.
 *
 * @param algorithm how it was computed
 * @param hex its value as lower-case hexadecimal digits, most significant first
 */
public record Checksum(Algorithm algorithm, String hex) {

  /** The algorithms in use. */
  public enum Algorithm {
    /**
     * For table files: computed by the engine while it wrote them, so that no backup reads them.
     */
    CRC32C(8),
    /** For everything else. */
    SHA256(64);

    private final Pattern pattern;

    Algorithm(int digits) {
      this.pattern = Pattern.compile("[0-9a-f]{" + digits + "}");
    }
  }

  public Checksum {
    if (!algorithm.pattern.matcher(hex).matches()) {
      throw new IllegalArgumentException("not a " + algorithm + " checksum: " + hex);
    }
  }

  /** A CRC32C by its value. */
  public static Checksum ofCrc32c(int value) {
    return new Checksum(Algorithm.CRC32C, HexFormat.of().toHexDigits(value));
  }

  /** The SHA-256 of what {@code digest}, made by {@link #sha256}, was fed; resets it. */
  static Checksum of(MessageDigest digest) {
    return new Checksum(Algorithm.SHA256, HexFormat.of().formatHex(digest.digest()));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
