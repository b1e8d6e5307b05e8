package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.StoredItem;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How items lie in the data column family.
 *
 * <pre>
 * key    collection number (4 bytes, big-endian) | id
 * value  version (1) | create time: seconds (8), nanoseconds (4) | update time: the same
 *        | revision (8) | length of owner (4) | owner | data
 * </pre>
 *
 * <p>The header has a fixed length, so that the size which an item counts for follows from the
 * lengths of key and value alone: copies need not look inside.
 */
final class ItemCodec {
  static final int NUMBER_BYTES = 4;
  private static final byte VERSION = 1;
  private static final int HEADER_BYTES = 1 + 12 + 12 + 8 + 4;

  private ItemCodec() {}

  static byte[] key(int number, String id) {
    byte[] utf8 = id.getBytes(UTF_8);
    return ByteBuffer.allocate(NUMBER_BYTES + utf8.length).putInt(number).put(utf8).array();
  }

  /** Before all keys of the collection {@code number}. */
  static byte[] first(int number) {
    return ByteBuffer.allocate(NUMBER_BYTES).putInt(number).array();
  }

  /** After the key of {@code id} and before all that come after it; for "" before the first. */
  static byte[] after(int number, String id) {
    if (id.isEmpty()) {
      return first(number);
    }
    byte[] utf8 = id.getBytes(UTF_8);
    return ByteBuffer.allocate(NUMBER_BYTES + utf8.length + 1).putInt(number).put(utf8).array();
  }

  static int number(byte[] key) {
    if (key.length < NUMBER_BYTES) {
      throw Failures.corrupt("The stored data is damaged: the key of an item is too short.", null);
    }
    return ByteBuffer.wrap(key).getInt();
  }

  static String id(byte[] key) {
    return new String(key, NUMBER_BYTES, key.length - NUMBER_BYTES, UTF_8);
  }

  static byte[] encode(StoredItem item) {
    byte[] owner = item.owner().getBytes(UTF_8);
    ByteString data = item.data();
    ByteBuffer value = ByteBuffer.allocate(HEADER_BYTES + owner.length + data.size());
    value.put(VERSION);
    putTime(value, item.createTime());
    putTime(value, item.updateTime());
    value.putLong(item.revision()).putInt(owner.length).put(owner);
    data.copyTo(value);
    return value.array();
  }

  /** Takes {@code value} over: the item's data is part of it. */
  static StoredItem decode(String id, byte[] value) {
    ByteBuffer rest = ByteBuffer.wrap(value);
    Header header = header(rest);
    int data = rest.position() + header.ownerLength();
    return new StoredItem(
        id,
        UnsafeByteOperations.unsafeWrap(value, data, value.length - data),
        new String(value, rest.position(), header.ownerLength(), UTF_8),
        header.createTime(),
        header.updateTime(),
        header.revision());
  }

  /** The item in two buffers, which it becomes a view of. */
  static ItemBytes bytes(ByteBuffer key, ByteBuffer value) {
    if (key.remaining() < NUMBER_BYTES) {
      throw malformed(null);
    }
    ByteBuffer rest = value.duplicate();
    Header header = header(rest);
    int data = rest.position() + header.ownerLength();
    return new ItemBytes(
        key.slice(key.position() + NUMBER_BYTES, key.remaining() - NUMBER_BYTES),
        rest.slice(rest.position(), header.ownerLength()),
        rest.slice(data, rest.limit() - data),
        header.createTime(),
        header.updateTime(),
        header.revision());
  }

  private record Header(Instant createTime, Instant updateTime, long revision, int ownerLength) {}

  /** Reads up to the owner, all of which is there. */
  private static Header header(ByteBuffer value) {
    if (value.remaining() < HEADER_BYTES || value.get() != VERSION) {
      throw malformed(null);
    }
    Header header;
    try {
      header = new Header(time(value), time(value), value.getLong(), value.getInt());
    } catch (RuntimeException e) {
      throw malformed(e);
    }
    if (header.ownerLength() < 0 || header.ownerLength() > value.remaining()) {
      throw malformed(null);
    }
    return header;
  }

  /** What an item counts for, from the lengths of its key and its value. */
  static long sizeBytes(int keyLength, int valueLength) {
    return (long) keyLength - NUMBER_BYTES + valueLength - HEADER_BYTES + StoredItem.TIMES_BYTES;
  }

  private static void putTime(ByteBuffer value, Instant time) {
    value.putLong(time.getEpochSecond()).putInt(time.getNano());
  }

  private static Instant time(ByteBuffer buffer) {
    return Instant.ofEpochSecond(buffer.getLong(), buffer.getInt());
  }

  private static ServiceException malformed(@Nullable Throwable cause) {
    return Failures.corrupt("The stored data is damaged: an item cannot be read.", cause);
  }
}
