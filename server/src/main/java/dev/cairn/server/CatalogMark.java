package dev.cairn.server;

import dev.cairn.server.repository.DurableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers outside the catalog how far it has come, so that one that was brought back from an
 * older copy is known for that.
 *
 * <p>The number is the name of an empty file in the data directory, {@code MARK-} and 19 digits.
 * There is nothing in it that a crash could tear, and an older copy that is unpacked over a newer
 * directory does not take it away: of several marks the highest counts. A mark is only ever set to
 * a change that is durable already, so that no crash makes a good catalog look old.
 *
 * <p>Thread-safe, guarded by its monitor.
 */
final class CatalogMark {
  private static final Logger log = LoggerFactory.getLogger(CatalogMark.class);
  private static final String PREFIX = "MARK-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d{19})");

  private final Path directory;
  private final DurableFiles files;
  private long last;
  private boolean failing;

  CatalogMark(Path directory, DurableFiles files) {
    this.directory = directory;
    this.files = files;
  }

  /** The highest number that was set; 0 if there is none. */
  synchronized long read() throws IOException {
    long highest = 0;
    for (Path file : DurableFiles.list(directory)) {
      Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
      if (name.matches()) {
        highest = Math.max(highest, numberOf(name.group(1)));
      }
    }
    return highest;
  }

  /** Nobody but a person writes one that is out of range; it says nothing. */
  private static long numberOf(String digits) {
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * Sets the mark unless it is there already. What fails is told once and made up for by the next
   * call: the older mark protects a little less, and that is all.
   *
   * @param number of a change to the catalog that is durable
   */
  synchronized void set(long number) {
    if (number <= last) {
      return;
    }
    try {
      Path mark = file(number);
      files.writeAtomically(mark, new byte[0]);
      deleteAllBut(mark);
      last = number;
      failing = false;
    } catch (IOException e) {
      if (!failing) {
        log.warn("the catalog's mark cannot be set, it will be tried again mark={}", number, e);
      }
      failing = true;
    }
  }

  /** For a data directory in which nothing is left that a mark could protect. */
  synchronized void clear() throws IOException {
    deleteAllBut(directory);
  }

  private void deleteAllBut(Path kept) throws IOException {
    for (Path file : DurableFiles.list(directory)) {
      if (String.valueOf(file.getFileName()).startsWith(PREFIX) && !file.equals(kept)) {
        files.delete(file);
      }
    }
  }

  private Path file(long number) {
    return directory.resolve(PREFIX + String.format(Locale.ROOT, "%019d", number));
  }
}
