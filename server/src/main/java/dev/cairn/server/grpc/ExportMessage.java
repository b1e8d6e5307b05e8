package dev.cairn.server.grpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Timestamp;
import com.google.protobuf.WireFormat;
import dev.cairn.server.store.ItemBytes;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.Item;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;

/**
 * An {@link ExportItemsResponse} as it goes over the wire. Items are copied into it as they are
 * kept: to make messages of millions of items would cost more than all else of an export.
 *
 * <p>Whoever fills it does so alone, and leaves it as it is once it is sent.
 */
final class ExportMessage {
  /** How the transport gets it. The server never receives one. */
  static final Marshaller<ExportMessage> MARSHALLER =
      new Marshaller<>() {
        @Override
        public InputStream stream(ExportMessage message) {
          return new MessageBytes(message.bytes, message.size);
        }

        @Override
        public ExportMessage parse(InputStream stream) {
          throw new UnsupportedOperationException("exports are only sent");
        }
      };

  private byte[] bytes;
  private int size;
  private int items;

  /**
   * @param head all but the items: fields of one message may come in any order
   * @param capacity in bytes; it grows as needed
   */
  ExportMessage(ExportItemsResponse head, int capacity) {
    size = head.getSerializedSize();
    bytes = Arrays.copyOf(head.toByteArray(), Math.max(size, capacity));
  }

  /** In bytes. */
  int size() {
    return size;
  }

  int items() {
    return items;
  }

  /**
   * Adds an item, unless the message would be larger than {@code maxSize} then. The first one is
   * always added.
   *
   * @return whether it was added
   */
  boolean add(ItemBytes item, int maxSize) {
    int length = length(item);
    int field = lengthOf(ExportItemsResponse.ITEMS_FIELD_NUMBER, length);
    if (items > 0 && size + field > maxSize) {
      return false;
    }
    if (bytes.length - size < field) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + field));
    }
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes, size, field);
      begin(out, ExportItemsResponse.ITEMS_FIELD_NUMBER, length);
      write(out, item);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException("writing into memory", e);
    }
    size += field;
    items++;
    return true;
  }

  private static int length(ItemBytes item) {
    return length(Item.ID_FIELD_NUMBER, item.id())
        + length(Item.DATA_FIELD_NUMBER, item.data())
        + length(Item.OWNER_FIELD_NUMBER, item.owner())
        + length(Item.CREATE_TIME_FIELD_NUMBER, item.createTime())
        + length(Item.UPDATE_TIME_FIELD_NUMBER, item.updateTime())
        + length(Item.REVISION_FIELD_NUMBER, item.revision());
  }

  private static void write(CodedOutputStream out, ItemBytes item) throws IOException {
    write(out, Item.ID_FIELD_NUMBER, item.id());
    write(out, Item.DATA_FIELD_NUMBER, item.data());
    write(out, Item.OWNER_FIELD_NUMBER, item.owner());
    write(out, Item.CREATE_TIME_FIELD_NUMBER, item.createTime());
    write(out, Item.UPDATE_TIME_FIELD_NUMBER, item.updateTime());
    write(out, Item.REVISION_FIELD_NUMBER, item.revision());
  }

  // Fields with their default value are left out, as everywhere in proto3; a message never is.

  private static int length(int field, ByteBuffer value) {
    int length = value.remaining();
    return length == 0 ? 0 : lengthOf(field, length);
  }

  private static void write(CodedOutputStream out, int field, ByteBuffer value) throws IOException {
    if (value.hasRemaining()) {
      out.writeByteArray(
          field, value.array(), value.arrayOffset() + value.position(), value.remaining());
    }
  }

  private static int length(int field, long value) {
    return value == 0 ? 0 : CodedOutputStream.computeInt64Size(field, value);
  }

  private static void write(CodedOutputStream out, int field, long value) throws IOException {
    if (value != 0) {
      out.writeInt64(field, value);
    }
  }

  private static int length(int field, Instant time) {
    return lengthOf(field, length(time));
  }

  private static void write(CodedOutputStream out, int field, Instant time) throws IOException {
    begin(out, field, length(time));
    write(out, Timestamp.SECONDS_FIELD_NUMBER, time.getEpochSecond());
    write(out, Timestamp.NANOS_FIELD_NUMBER, time.getNano());
  }

  private static int length(Instant time) {
    return length(Timestamp.SECONDS_FIELD_NUMBER, time.getEpochSecond())
        + length(Timestamp.NANOS_FIELD_NUMBER, time.getNano());
  }

  private static int lengthOf(int field, int content) {
    return CodedOutputStream.computeTagSize(field)
        + CodedOutputStream.computeUInt32SizeNoTag(content)
        + content;
  }

  private static void begin(CodedOutputStream out, int field, int length) throws IOException {
    out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    out.writeUInt32NoTag(length);
  }
}
