package dev.cairn.server.repository;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The room on the disk that only small writes may use: whatever takes much is refused as long as
 * less than that is free, so that a disk that fills up leaves time to act, and records, which need
 * little, can still be written.
 *
 * <p>Thread-safe.
 */
public final class DiskReserve {
  /** Nothing is reserved. */
  public static final DiskReserve NONE = new DiskReserve(0, () -> Long.MAX_VALUE);

  private final long bytes;
  private final LongSupplier free;

  /**
   * @param bytes that are to stay free
   * @param free how many are; may throw {@link UncheckedIOException}
   */
  public DiskReserve(long bytes, LongSupplier free) {
    this.bytes = bytes;
    this.free = free;
  }

  /** How many bytes are to stay free. */
  public long bytes() {
    return bytes;
  }

  /** How many bytes are free; -1 when the file system does not tell. */
  public long freeBytes() {
    try {
      return free.getAsLong();
    } catch (UncheckedIOException e) {
      return -1;
    }
  }

  /**
   * Refuses what needs some room.
   *
   * @param what to complete "there is no room to ..."
   * @throws ServiceException DISK_FULL; STORAGE_FAILED when the file system does not tell
   */
  public void require(String what) {
    require(what, 0);
  }

  /**
   * Refuses what needs {@code needed} bytes.
   *
   * @throws ServiceException DISK_FULL; STORAGE_FAILED when the file system does not tell
   */
  public void require(String what, long needed) {
    if (bytes == 0) {
      return;
    }
    long there;
    try {
      there = free.getAsLong();
    } catch (UncheckedIOException e) {
      throw StorageFailures.of(what, new IOException(e));
    }
    if (there - needed < bytes) {
      throw new ServiceException(
          Reason.DISK_FULL,
          Map.of(
              "free_bytes", String.valueOf(there),
              "needed_bytes", String.valueOf(needed),
              "reserve_bytes", String.valueOf(bytes)),
          "there is no room to "
              + what
              + (needed > 0 ? ", which needs " + needed + " bytes" : "")
              + ": "
              + there
              + " bytes of the server's disk are free and "
              + bytes
              + " of them are reserved; free space, then try again");
    }
  }
}
