package dev.cairn.server.grpc;

import dev.cairn.server.error.ServiceException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;

/**
 * Where a watch of events resumes: a position among the events of all sites, sealed with a digest
 * so that what was cut or made up is not taken for a place. It needs no secret, because it gives no
 * rights.
 *
 * <pre>
 * Base64url( version, position as 8 bytes, digest[12] )
 * </pre>
 */
final class EventCursors {
  private static final byte VERSION = 1;
  private static final int HEADER_BYTES = 1 + Long.BYTES;
  private static final int DIGEST_BYTES = 12;
  private static final byte[] PURPOSE =
      "cairn.v1.Event.cursor".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private EventCursors() {}

  static String make(long position) {
    byte[] header = ByteBuffer.allocate(HEADER_BYTES).put(VERSION).putLong(position).array();
    byte[] bytes =
        ByteBuffer.allocate(HEADER_BYTES + DIGEST_BYTES).put(header).put(seal(header)).array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * The position that a cursor means.
   *
   * @throws ServiceException INVALID_ARGUMENT when no server made it
   */
  static long position(String cursor) {
    byte[] bytes = decode(cursor);
    if (bytes.length != HEADER_BYTES + DIGEST_BYTES || bytes[0] != VERSION) {
      throw invalid();
    }
    byte[] header = Arrays.copyOf(bytes, HEADER_BYTES);
    byte[] digest = Arrays.copyOfRange(bytes, HEADER_BYTES, bytes.length);
    if (!MessageDigest.isEqual(digest, seal(header))) {
      throw invalid();
    }
    return ByteBuffer.wrap(header, 1, Long.BYTES).getLong();
  }

  private static byte[] decode(String cursor) {
    try {
      return Base64.getUrlDecoder().decode(cursor);
    } catch (IllegalArgumentException e) {
      throw invalid();
    }
  }

  private static byte[] seal(byte[] header) {
    MessageDigest digest = RequestDigest.sha256();
    digest.update(PURPOSE);
    return Arrays.copyOf(digest.digest(header), DIGEST_BYTES);
  }

  private static ServiceException invalid() {
    return ServiceException.invalid(
        "after_cursor", "is not the cursor of a message of WatchEvents or of an event");
  }
}
