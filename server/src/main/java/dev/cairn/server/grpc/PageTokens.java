package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Message;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Page tokens: where a page ended, sealed with a digest of the rpc and of all fields of the request
 * but page_size and page_token. A token of another rpc, site or filter, or one that was changed, is
 * refused. It needs no secret, because it gives no rights: it says only where to go on.
 *
 * <pre>
 * Base64url( version, digest[12], position as UTF-8 )
 * </pre>
 */
final class PageTokens {
  private static final byte VERSION = 1;
  private static final int DIGEST_BYTES = 12;
  private static final int HEADER_BYTES = 1 + DIGEST_BYTES;

  private PageTokens() {}

  /** The token of the page after {@code position}. */
  static String make(Message request, String position) {
    byte[] text = position.getBytes(UTF_8);
    byte[] bytes =
        ByteBuffer.allocate(HEADER_BYTES + text.length)
            .put(VERSION)
            .put(seal(request, text))
            .put(text)
            .array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * Where the page before ended; empty for the first page.
   *
   * @throws ServiceException INVALID_PAGE_TOKEN
   */
  static String position(Message request, String token) {
    if (token.isEmpty()) {
      return "";
    }
    byte @Nullable [] bytes = decode(token);
    if (bytes == null || bytes.length <= HEADER_BYTES || bytes[0] != VERSION) {
      throw invalid();
    }
    byte[] text = Arrays.copyOfRange(bytes, HEADER_BYTES, bytes.length);
    byte[] digest = Arrays.copyOfRange(bytes, 1, HEADER_BYTES);
    if (!MessageDigest.isEqual(digest, seal(request, text))) {
      throw invalid();
    }
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw invalid();
    }
  }

  private static byte @Nullable [] decode(String token) {
    try {
      return Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static byte[] seal(Message request, byte[] position) {
    MessageDigest digest = RequestDigest.sha256();
    digest.update(VERSION);
    digest.update(RequestDigest.of(request, "page_size", "page_token"));
    return Arrays.copyOf(digest.digest(position), DIGEST_BYTES);
  }

  private static ServiceException invalid() {
    return ServiceException.invalid(
        Reason.INVALID_PAGE_TOKEN,
        List.of(
            new FieldViolation(
                "page_token",
                "is not the next_page_token of an answer to this rpc with these other fields; start"
                    + " again from the first page")));
  }
}
