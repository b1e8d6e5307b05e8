package dev.cairn.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import java.time.Instant;

/**
 * One item as it is kept.
 *
 * @param id 1 to 256 bytes of UTF-8, unique in its collection
 * @param data one JSON object as UTF-8 text, byte for byte as it came
 * @param owner who owns it, as the caller said; may be empty
 * @param createTime when it was first written
 * @param updateTime when it was last written
 * @param revision 1 at first, one more with each change
 */
public record StoredItem(
    String id,
    ByteString data,
    String owner,
    Instant createTime,
    Instant updateTime,
    long revision) {
  /** What the two times of an item count for in {@link #sizeBytes()}. */
  public static final int TIMES_BYTES = 24;

  /** What the item counts for in {@link CollectionStats#sizeBytes}. */
  public long sizeBytes() {
    return (long) id.getBytes(UTF_8).length
        + owner.getBytes(UTF_8).length
        + data.size()
        + TIMES_BYTES;
  }
}
