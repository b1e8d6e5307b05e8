package dev.cairn.server.auth;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A value made of some files that are replaced while the server runs, such as a certificate and its
 * key. What counts is their bytes: times of files lie when links are switched or copies keep them.
 *
 * <p>Files that cannot be used leave the value as it was, with one ERROR in the log for each such
 * state of theirs: a half-done replacement must not lock everybody out.
 *
 * <p>Thread-safe.
 */
public final class ReloadedFiles<T> {
  private static final Logger log = LoggerFactory.getLogger(ReloadedFiles.class);

  private final String what;
  private final List<Path> files;
  private final Parser<T> parser;
  private List<byte[]> seen;
  private volatile T value;

  /** Makes the value of the contents of the files, in their order. */
  public interface Parser<T> {
    T parse(List<byte[]> contents) throws UnusableFileException;
  }

  /**
   * Reads the files.
   *
   * @param what names the value in the log
   * @throws UnusableFileException when there is no first value
   */
  public ReloadedFiles(String what, List<Path> files, Parser<T> parser)
      throws UnusableFileException {
    this.what = what;
    this.files = List.copyOf(files);
    this.parser = parser;
    try {
      this.seen = read();
      this.value = parser.parse(seen);
    } catch (UnusableFileException e) {
      throw new UnusableFileException(message(e), e);
    }
  }

  /** The present value. */
  public T value() {
    return value;
  }

  /** Reads the files again. */
  public synchronized void look() {
    List<byte[]> now = List.of();
    try {
      now = read();
      if (same(now, seen)) {
        return;
      }
      value = parser.parse(now);
      log.info("reloaded {}", what);
    } catch (UnusableFileException e) {
      if (!same(now, seen)) {
        log.error("not reloaded, the old ones stay in force: {}", message(e));
      }
    }
    seen = now;
  }

  private String message(UnusableFileException e) {
    return what + " of " + files + " cannot be used: " + e.getMessage();
  }

  private List<byte[]> read() throws UnusableFileException {
    List<byte[]> contents = new ArrayList<>();
    for (Path file : files) {
      try {
        contents.add(Files.readAllBytes(file));
      } catch (NoSuchFileException e) {
        throw new UnusableFileException("there is no file " + file, e);
      } catch (IOException e) {
        throw new UnusableFileException(file + " cannot be read: " + e.getMessage(), e);
      }
    }
    return contents;
  }

  private static boolean same(List<byte[]> one, List<byte[]> other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int i = 0; i < one.size(); i++) {
      if (!Arrays.equals(one.get(i), other.get(i))) {
        return false;
      }
    }
    return true;
  }
}
