package dev.cairn.client.jsonl;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.cairn.v1.Item;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;

/**
 * Writes items as JSON Lines, in UTF-8. Documents go out byte for byte, but for two things: line
 * breaks between tokens become spaces, since a line is an item; and without metadata, a document
 * whose top-level {@code _id} is missing or not the item's id gets {@code _id} as its first member,
 * in place of any that it has, so that an import finds the same ids again.
 *
 * <p>Confined to one thread. The last bytes are out only after {@link #close}.
 */
public final class ItemWriter implements Closeable {
  private static final int BUFFER = 64 << 10;

  private final OutputStream out;
  private final boolean withMetadata;

  /**
   * The stream belongs to the writer from now on.
   *
   * @param withMetadata whether each line is {@code {"id", "owner", "createTime", "updateTime",
   *     "revision", "data"}} with the document as it is, instead of the document alone
   */
  public ItemWriter(OutputStream out, boolean withMetadata) {
    this.out = new BufferedOutputStream(out, BUFFER);
    this.withMetadata = withMetadata;
  }

  public void write(Item item) throws IOException {
    (withMetadata ? withMetadata(item) : document(item)).writeTo(out);
    out.write('\n');
  }

  private static ByteString document(Item item) throws IOException {
    try {
      return JsonObject.parse(oneLine(item.getData())).withFirst("_id", item.getId());
    } catch (NotAnObjectException e) {
      throw new IOException("Item " + item.getId() + " holds " + e.problem(), e);
    }
  }

  /** The item as one JSON object on one line. */
  public static ByteString withMetadata(Item item) {
    return ByteString.copyFromUtf8("{\"id\":")
        .concat(JsonObject.quoted(item.getId()))
        .concat(ByteString.copyFromUtf8(",\"owner\":"))
        .concat(JsonObject.quoted(item.getOwner()))
        .concat(
            ByteString.copyFromUtf8(
                ",\"createTime\":\""
                    + time(item.getCreateTime())
                    + "\",\"updateTime\":\""
                    + time(item.getUpdateTime())
                    + "\",\"revision\":"
                    + item.getRevision()
                    + ",\"data\":"))
        .concat(oneLine(item.getData()))
        .concat(ByteString.copyFromUtf8("}"));
  }

  private static String time(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos()).toString();
  }

  /**
   * A document on one line: inside strings JSON allows no line breaks, elsewhere they are spaces.
   */
  static ByteString oneLine(ByteString document) {
    byte[] bytes = null;
    int start = 0;
    int end = document.size();
    while (start < end && isBreakOrSpace(document.byteAt(start))) {
      start++;
    }
    while (start < end && isBreakOrSpace(document.byteAt(end - 1))) {
      end--;
    }
    ByteString trimmed = document.substring(start, end);
    for (int i = 0; i < trimmed.size(); i++) {
      if (trimmed.byteAt(i) == '\n' || trimmed.byteAt(i) == '\r') {
        if (bytes == null) {
          bytes = trimmed.toByteArray();
        }
        bytes[i] = ' ';
      }
    }
    return bytes == null ? trimmed : ByteString.copyFrom(bytes);
  }

  private static boolean isBreakOrSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
