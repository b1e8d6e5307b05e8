package dev.cairn.server.restore;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemStore;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Binds a restoration to what a preview showed: when it ends, what was chosen, and in which state
 * the content was that would be replaced. It holds digests only, so that its size is fixed and
 * nothing can be read from it; it grants nothing, so that it need not be secret.
 *
 * @param value 1 version byte, 8 bytes of the end in milliseconds, two SHA-256 digests and a
 *     CRC32C, in URL-safe Base64
 */
record PreviewToken(@JsonValue String value) {
  private static final byte VERSION = 1;
  private static final int DIGEST = 32;
  private static final int BODY = 1 + Long.BYTES + 2 * DIGEST;

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  PreviewToken {}

  /** The choice a preview and a restoration have in common. */
  record Choice(SiteId siteId, SiteId destination, BackupId backupId, List<Entry> entries) {}

  static PreviewToken of(Choice choice, String state, Instant expires) {
    ByteBuffer body =
        ByteBuffer.allocate(BODY + Integer.BYTES)
            .put(VERSION)
            .putLong(expires.toEpochMilli())
            .put(digest(describe(choice)))
            .put(digest(state));
    body.putInt(crc(body.array()));
    return new PreviewToken(Base64.getUrlEncoder().withoutPadding().encodeToString(body.array()));
  }

  /**
   * Checks that the token is one of ours, for this choice, and not too old.
   *
   * @throws ServiceException INVALID_ARGUMENT; PREVIEW_OUTDATED
   */
  void require(Choice choice, Instant now) {
    ByteBuffer body = body();
    Instant expires = expires(body);
    if (!MessageDigest.isEqual(part(body, 0), digest(describe(choice)))) {
      throw ServiceException.invalid(
          "preview_token", "belongs to another backup or selection; preview this one");
    }
    if (now.isAfter(expires)) {
      throw outdated("the preview expired at " + expires);
    }
  }

  /**
   * Checks that the content is in the state that was previewed.
   *
   * @throws ServiceException PREVIEW_OUTDATED
   */
  void requireState(String state) {
    if (!MessageDigest.isEqual(part(body(), 1), digest(state))) {
      throw outdated("the content has changed since the preview");
    }
  }

  /**
   * The state of the collections that {@code entries} would replace: the same text means the same
   * content.
   */
  static String state(ItemStore live, List<Entry> entries) {
    StringBuilder text = new StringBuilder();
    text.append(live.marker(Staging.MARKER).map(marker -> marker.toStringUtf8()).orElse(""));
    entries.stream()
        .map(Entry::destination)
        .sorted()
        .forEach(each -> text.append('\n').append(each).append(' ').append(changes(live, each)));
    return text.toString();
  }

  private static long changes(ItemStore live, CollectionId collection) {
    return live.changeIndex(collection);
  }

  private static String describe(Choice choice) {
    StringBuilder text = new StringBuilder();
    text.append(choice.siteId()).append('\n').append(choice.destination()).append('\n');
    text.append(choice.backupId());
    choice
        .entries()
        .forEach(
            entry ->
                text.append('\n').append(entry.source()).append(' ').append(entry.destination()));
    return text.toString();
  }

  private ByteBuffer body() {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(value);
      ByteBuffer body = ByteBuffer.wrap(bytes);
      if (bytes.length == BODY + Integer.BYTES
          && bytes[0] == VERSION
          && body.getInt(BODY) == crc(bytes)) {
        return body;
      }
    } catch (IllegalArgumentException e) {
      throw malformed(e);
    }
    throw malformed(null);
  }

  private static ServiceException malformed(
      @org.jspecify.annotations.Nullable IllegalArgumentException cause) {
    ServiceException failure =
        ServiceException.invalid("preview_token", "is not a token of PreviewRestoration");
    if (cause != null) {
      failure.addSuppressed(cause);
    }
    return failure;
  }

  private static Instant expires(ByteBuffer body) {
    try {
      return Instant.ofEpochMilli(body.getLong(1));
    } catch (DateTimeException e) {
      throw new IllegalStateException("a token of ours has a time", e);
    }
  }

  private static byte[] part(ByteBuffer body, int index) {
    byte[] digest = new byte[DIGEST];
    body.get(1 + Long.BYTES + index * DIGEST, digest);
    return digest;
  }

  private static ServiceException outdated(String what) {
    return new ServiceException(
        Reason.PREVIEW_OUTDATED, Map.of(), what + "; preview again and decide again");
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, BODY);
    return (int) crc.getValue();
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
