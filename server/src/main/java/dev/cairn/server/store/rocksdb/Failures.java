package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/**
 * What the engine's errors and those of its directories become. The messages are for callers and
 * name no path; the cause keeps the engine's own words for the log.
 */
final class Failures {
  private static final String NO_SPACE = "No space left on device";

  /** The engine's words when a file could be written but not forced. */
  private static final Pattern FORCING = Pattern.compile("While (fdatasync|fsync|sync_file_range)");

  /** Databases that failed are opened again about as often. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private Failures() {}

  /**
   * @param what what was tried, as in "the storage engine could not <i>read</i>"
   */
  static ServiceException of(String what, RocksDBException e) {
    if (code(e) == Status.Code.Corruption) {
      return corrupt("The stored data is damaged: the storage engine could not " + what + ".", e);
    }
    return new ServiceException(
        isNoSpace(e) ? Reason.DISK_FULL : Reason.STORAGE_FAILED,
        Map.of(),
        text(what, isNoSpace(e)),
        e);
  }

  /**
   * Of a write. One that could not be forced is in the log all the same, and is found there when
   * the database is opened again: a full disk then does not mean that nothing was changed.
   */
  static ServiceException ofWriting(RocksDBException e) {
    return isNoSpace(e) && FORCING.matcher(message(e)).find()
        ? new ServiceException(
            Reason.STORAGE_FAILED, Map.of(), text("force a write to the disk", false), e)
        : of("write", e);
  }

  /**
   * When opening a database that should exist, its absence, the absence of one of its files and
   * content of another kind are damage too.
   */
  static ServiceException whileOpening(RocksDBException e) {
    boolean missing = message(e).contains("No such file or directory");
    if (missing || code(e) == Status.Code.InvalidArgument || code(e) == Status.Code.NotFound) {
      return corrupt("The stored data is damaged: a database or one of its files is missing.", e);
    }
    return of("open a database", e);
  }

  /** Whether reading a database may do, although opening it for writing failed so. */
  static boolean leavesReading(ServiceException e) {
    String why = e.getCause() instanceof RocksDBException cause ? message(cause) : "";
    boolean inUse = why.contains("lock hold by") || why.contains("While lock file");
    return e.reason() != Reason.DATA_CORRUPT && !inUse;
  }

  static ServiceException of(String what, IOException e) {
    boolean full = message(e).contains(NO_SPACE);
    return new ServiceException(
        full ? Reason.DISK_FULL : Reason.STORAGE_FAILED, Map.of(), text(what, full), e);
  }

  static ServiceException corrupt(String message, @Nullable Throwable cause) {
    return new ServiceException(Reason.DATA_CORRUPT, Map.of(), message, cause);
  }

  static ServiceException refused(String message) {
    return new ServiceException(Reason.STORAGE_FAILED, message);
  }

  /** What a write is refused with because of an earlier {@code failure} of the database. */
  static ServiceException again(ServiceException failure) {
    return new ServiceException(
            failure.reason(),
            failure.metadata(),
            "An earlier write failed, and the database is not open for writing again yet: "
                + failure.getMessage(),
            failure)
        .withRetryAfter(RETRY_AFTER);
  }

  private static String text(String what, boolean full) {
    return full
        ? "The disk is full: the storage engine could not " + what + ". Free space, then try again."
        : "The storage engine could not " + what + ". Try again later.";
  }

  private static boolean isNoSpace(RocksDBException e) {
    Status status = e.getStatus();
    return (status != null && status.getSubCode() == Status.SubCode.NoSpace)
        || message(e).contains(NO_SPACE);
  }

  private static Status.@Nullable Code code(RocksDBException e) {
    Status status = e.getStatus();
    return status == null ? null : status.getCode();
  }

  private static String message(Exception e) {
    return Objects.requireNonNullElse(e.getMessage(), "");
  }
}
