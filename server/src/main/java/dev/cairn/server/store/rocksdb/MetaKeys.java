package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.server.store.CollectionId;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The keys of the default column family; a letter in front keeps the kinds apart. */
final class MetaKeys {
  private static final String COLLECTION = "c/";
  private static final String MARKER = "m/";
  private static final String CHECKSUM = "f/";

  private static final byte[] FORMAT = "s/format".getBytes(UTF_8);
  private static final byte[] APPLIED_INDEX = "s/applied".getBytes(UTF_8);
  private static final byte[] NEXT_NUMBER = "s/next".getBytes(UTF_8);

  private MetaKeys() {}

  /** Holds the version of the layout, as a {@link #number}. */
  static byte[] format() {
    return FORMAT;
  }

  /** Holds how many commits there were, as a {@link #number}. */
  static byte[] appliedIndex() {
    return APPLIED_INDEX;
  }

  /** Holds a number that no collection has had, nor any above it, as a {@link #number}. */
  static byte[] nextNumber() {
    return NEXT_NUMBER;
  }

  /** Holds a {@link CollectionRow}. */
  static byte[] collection(CollectionId collection) {
    return (COLLECTION + collection.value()).getBytes(UTF_8);
  }

  static byte[] firstCollection() {
    return COLLECTION.getBytes(UTF_8);
  }

  static CollectionId collection(byte[] key) {
    String id = new String(key, COLLECTION.length(), key.length - COLLECTION.length(), UTF_8);
    if (!CollectionId.isValid(id)) {
      throw Failures.corrupt("The stored data is damaged: the name of a collection.", null);
    }
    return new CollectionId(id);
  }

  static byte[] marker(String key) {
    return (MARKER + key).getBytes(UTF_8);
  }

  static String marker(byte[] key) {
    return new String(key, MARKER.length(), key.length - MARKER.length(), UTF_8);
  }

  /** Holds the CRC32C of a table file whose checksum the engine does not know, as four bytes. */
  static byte[] checksum(String file) {
    return (CHECKSUM + file).getBytes(UTF_8);
  }

  static byte[] firstChecksum() {
    return CHECKSUM.getBytes(UTF_8);
  }

  /** The file of a key made by {@link #checksum}. */
  static String checksumFile(byte[] key) {
    return new String(key, CHECKSUM.length(), key.length - CHECKSUM.length(), UTF_8);
  }

  static byte[] number(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  static long number(byte[] value) {
    if (value.length != Long.BYTES) {
      throw Failures.corrupt("The stored data is damaged: a number in the metadata.", null);
    }
    return ByteBuffer.wrap(value).getLong();
  }

  /** The first key after all that start with {@code prefix}; empty if none can come after them. */
  static byte[] afterPrefix(byte[] prefix) {
    int length = prefix.length;
    while (length > 0 && prefix[length - 1] == (byte) 0xff) {
      length--;
    }
    byte[] after = Arrays.copyOf(prefix, length);
    if (length > 0) {
      after[length - 1]++;
    }
    return after;
  }
}
