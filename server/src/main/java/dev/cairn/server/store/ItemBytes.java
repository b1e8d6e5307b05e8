package dev.cairn.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Instant;

/**
 * What a {@link StoredItem} says, as bytes that nobody has looked into. For whoever only passes
 * items on: strings and copies would be made to be taken apart again. The buffers have arrays, and
 * are good until the cursor moves.
 *
 * @param id UTF-8
 * @param owner UTF-8
 * @param data one JSON object as UTF-8 text
 */
public record ItemBytes(
    ByteBuffer id,
    ByteBuffer owner,
    ByteBuffer data,
    Instant createTime,
    Instant updateTime,
    long revision) {

  public static ItemBytes of(StoredItem item) {
    return new ItemBytes(
        ByteBuffer.wrap(item.id().getBytes(UTF_8)),
        ByteBuffer.wrap(item.owner().getBytes(UTF_8)),
        ByteBuffer.wrap(item.data().toByteArray()),
        item.createTime(),
        item.updateTime(),
        item.revision());
  }
}
