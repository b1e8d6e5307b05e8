package dev.cairn.server.backup.schedule;

import dev.cairn.server.site.SiteId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A number that is a site's own: the first 63 bits of the SHA-256 of its id. It is part of what
 * users see (when backups are taken), so it never changes; {@code String.hashCode} would put sites
 * with similar names next to each other.
 */
record SiteHash(long bits) {
  static SiteHash of(SiteId site) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(site.value().getBytes(StandardCharsets.UTF_8));
      return new SiteHash(ByteBuffer.wrap(digest).getLong() >>> 1);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** A number from 0 to below {@code bound}, in proportion. */
  long within(long bound) {
    return Math.multiplyHigh(bits, bound << 1);
  }
}
