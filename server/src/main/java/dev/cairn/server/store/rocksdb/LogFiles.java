package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Checks the write-ahead logs and the manifest of a database before RocksDB reads them, because
 * RocksDB (11.8.1) takes some single flipped bits badly, in every recovery mode that accepts a torn
 * end: one in the length of a record can look like a write that a crash cut short, and all that
 * follows is dropped without a word; others send it into an endless loop.
 *
 * <p>Both kinds of file are sequences of blocks of 32 KiB, each with records of a header (checksum
 * of type and payload, length, type) and a payload; the length is in no checksum. Records do not
 * cross blocks. What may be wrong after a crash, and only at the end of a file, is a record cut
 * short and zeros. A record that seems cut short although its checksum fits the bytes that are
 * there has a damaged length. Anything else is left for RocksDB to judge.
 *
 * <p>Stateless.
 */
final class LogFiles {
  private static final int BLOCK_BYTES = 32 * 1024;
  private static final int HEADER_BYTES = 7;
  private static final int LENGTH_AT = 4;
  private static final int TYPE_AT = 6;

  /** Whole, first, middle and last part of a batch; we use none of the other types. */
  private static final int LAST_TYPE = 4;

  private LogFiles() {}

  /** Fails with DATA_CORRUPT if the manifest or a log of the database is damaged. */
  static void verify(Path directory) {
    try {
      String current = Files.readString(directory.resolve("CURRENT"), StandardCharsets.ISO_8859_1);
      for (Path file : DatabaseFiles.list(directory)) {
        String name = file.getFileName().toString();
        if (name.endsWith(".log") || name.equals(current.strip())) {
          try (InputStream in = Files.newInputStream(file)) {
            verify(in);
          }
        }
      }
    } catch (IOException e) {
      throw Failures.of("read a database's log", e);
    }
  }

  /** Fails with DATA_CORRUPT if the log or manifest is damaged. */
  static void verify(InputStream log) throws IOException {
    byte[] bytes = new byte[BLOCK_BYTES];
    boolean ended = false;
    int read = log.readNBytes(bytes, 0, BLOCK_BYTES);
    while (read > 0) {
      Block block = new Block(bytes, read);
      if (ended && !block.isZero(0)) {
        throw damaged();
      }
      ended = !block.verify();
      read = log.readNBytes(bytes, 0, BLOCK_BYTES);
    }
  }

  private static ServiceException damaged() {
    return Failures.corrupt("The stored data is damaged: the log of a database.", null);
  }

  /** One block; shorter than others only if it is the last of its file. */
  private static final class Block {
    private final byte[] bytes;
    private final int length;
    private final ByteBuffer numbers;

    Block(byte[] bytes, int length) {
      this.bytes = bytes;
      this.length = length;
      this.numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns whether the block is full of records; false if they end with zeros or cut short. */
    boolean verify() {
      int at = 0;
      while (at + HEADER_BYTES <= length) {
        int end = end(at);
        if (type(at) == 0 && end == at + HEADER_BYTES) {
          if (!isZero(at)) {
            throw damaged();
          }
          return false;
        }
        if (end > length) {
          if (length == BLOCK_BYTES || hasDamagedLength(at)) {
            throw damaged();
          }
          return false;
        }
        if (!isRecord(at, end)) {
          throw damaged();
        }
        at = end;
      }
      return length == BLOCK_BYTES;
    }

    boolean isZero(int from) {
      for (int i = from; i < length; i++) {
        if (bytes[i] != 0) {
          return false;
        }
      }
      return true;
    }

    /**
     * Whether a record that seems to go beyond the end of the file is whole: its checksum fits the
     * bytes up to the end, or up to where the next record is.
     */
    private boolean hasDamagedLength(int at) {
      CRC32C checksum = new CRC32C();
      checksum.update(bytes[at + TYPE_AT]);
      int expected = checksum(at);
      for (int end = at + HEADER_BYTES; end <= length; end++) {
        if (mask(checksum) == expected && (end == length || startsRecord(end))) {
          return true;
        }
        if (end < length) {
          checksum.update(bytes[end]);
        }
      }
      return false;
    }

    private boolean startsRecord(int at) {
      return at + HEADER_BYTES <= length && end(at) <= length && isRecord(at, end(at));
    }

    private boolean isRecord(int at, int end) {
      if (type(at) < 1 || type(at) > LAST_TYPE) {
        return false;
      }
      CRC32C checksum = new CRC32C();
      checksum.update(bytes, at + TYPE_AT, end - at - TYPE_AT);
      return mask(checksum) == checksum(at);
    }

    private int checksum(int at) {
      return numbers.getInt(at);
    }

    private int end(int at) {
      return at + HEADER_BYTES + Short.toUnsignedInt(numbers.getShort(at + LENGTH_AT));
    }

    private int type(int at) {
      return Byte.toUnsignedInt(bytes[at + TYPE_AT]);
    }

    /** How RocksDB stores a checksum. */
    private static int mask(CRC32C checksum) {
      return Integer.rotateRight((int) checksum.getValue(), 15) + 0xa282ead8;
    }
  }
}
