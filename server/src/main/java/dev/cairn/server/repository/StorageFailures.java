package dev.cairn.server.repository;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells callers what the file system refused: DISK_FULL, INTERRUPTED or STORAGE_FAILED. The message
 * holds no path; the cause, which is for the log, does.
 */
public final class StorageFailures {
  private StorageFailures() {}

  /**
   * The failure as the caller may see it.
   *
   * @param action what was tried, to complete "could not ...", for example {@code "write the
   *     manifest of backup b1"}
   */
  public static ServiceException of(String action, IOException cause) {
    return of(action, Map.of(), cause);
  }

  /** The same with facts for programs. */
  public static ServiceException of(
      String action, Map<String, String> metadata, IOException cause) {
    if (cause instanceof ClosedByInterruptException) {
      return new ServiceException(
          Reason.INTERRUPTED, metadata, "could not " + action + ": it was interrupted", cause);
    }
    if (isDiskFull(cause)) {
      return new ServiceException(
          Reason.DISK_FULL,
          metadata,
          "could not " + action + ": no space left on the server's disk",
          cause);
    }
    return new ServiceException(
        Reason.STORAGE_FAILED,
        metadata,
        "could not " + action + ": the server's file system refused it",
        cause);
  }

  /** Whether space, inodes or a quota ran out. */
  public static boolean isDiskFull(IOException failure) {
    @Nullable String text =
        failure instanceof FileSystemException named ? named.getReason() : failure.getMessage();
    if (text == null) {
      return false;
    }
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.contains("no space left") || lower.contains("quota exceeded");
  }
}
