package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * Remembers beside a database how long its MANIFEST was. To RocksDB one that was cut looks like one
 * whose last record a crash left unfinished: it opens the database as it was some time before, and
 * removes the tables that came later.
 *
 * <p>The length is part of the name of an empty file, {@code MARK-MANIFEST-000007-1234}. It is only
 * ever set to what was forced to disk before, so that no crash makes a good MANIFEST look cut; a
 * mark that is lost protects less, and that is all.
 *
 * <p>That is why an open database is asked, and not the file system: the file may hold a record
 * that is not forced yet. RocksDB (11.8.1, {@code VersionSet::ProcessManifestWrites}) appends a
 * record, forces the file, points CURRENT to it if it is new, and only then takes the length over,
 * under the mutex under which {@code GetLiveFiles} reads it.
 *
 * <p>Thread-safe, guarded by its monitor: who asks a database that is closed ends the process.
 */
final class ManifestMark {
  private static final Pattern NAME = Pattern.compile("MARK-(MANIFEST-\\d{1,19})-(\\d{1,18})");

  private final RocksDB rocks;
  private final Path directory;
  private String last = "";
  private boolean ended;

  private ManifestMark(RocksDB rocks, Path directory) {
    this.rocks = rocks;
    this.directory = directory;
  }

  /** Sets the mark of a database that was just opened for writing. */
  static ManifestMark begin(RocksDB rocks, Path directory) {
    ManifestMark mark = new ManifestMark(rocks, directory);
    mark.set();
    return mark;
  }

  private record Mark(Path file, String manifest, long bytes) {}

  /**
   * Looks at a database before RocksDB opens it.
   *
   * @throws dev.cairn.server.error.ServiceException DATA_CORRUPT if its MANIFEST was longer once
   */
  static void verify(Path directory) {
    try {
      String current = current(directory);
      for (Mark mark : marks(directory)) {
        if (mark.manifest().equals(current)) {
          requireLength(directory.resolve(current), mark.bytes());
        }
      }
    } catch (NoSuchFileException | CharacterCodingException e) {
      // What is missing or garbled is for RocksDB to tell.
    } catch (IOException e) {
      throw Failures.of("open a database", e);
    }
  }

  private static void requireLength(Path manifest, long bytes) throws IOException {
    long found = Files.size(manifest);
    if (found < bytes) {
      throw Failures.corrupt(
          "The stored data is damaged: "
              + manifest.getFileName()
              + " has "
              + found
              + " bytes, and had "
              + bytes
              + " before.",
          null);
    }
  }

  /** Takes down how long the MANIFEST is by now; does nothing after {@link #end()}. */
  synchronized void set() {
    if (ended) {
      return;
    }
    try {
      RocksDB.LiveFiles live = rocks.getLiveFiles(/* flushMemtable= */ false);
      for (String file : live.files) {
        if (file.startsWith("/MANIFEST-")) {
          set(file.substring(1), live.manifestFileSize);
        }
      }
    } catch (RocksDBException | IOException e) {
      // The database works without; the next time makes up for it.
    }
  }

  private void set(String manifest, long bytes) throws IOException {
    String name = name(manifest, bytes);
    if (!name.equals(last)) {
      write(directory, manifest, bytes);
      last = name;
    }
  }

  /** To be called before the database is closed; when it returns, nobody asks it any more. */
  synchronized void end() {
    ended = true;
  }

  private static String current(Path directory) throws IOException {
    return Files.readString(directory.resolve("CURRENT"), US_ASCII).strip();
  }

  private static String name(String manifest, long bytes) {
    return "MARK-" + manifest + "-" + bytes;
  }

  private static void write(Path directory, String manifest, long bytes) throws IOException {
    Path file = directory.resolve(name(manifest, bytes));
    List<Mark> marks = marks(directory);
    if (marks.stream().anyMatch(mark -> mark.file().equals(file))) {
      return;
    }
    if (marks.isEmpty()) {
      Files.createFile(file);
      return;
    }
    Files.move(marks.get(0).file(), file, StandardCopyOption.ATOMIC_MOVE);
    for (Mark other : marks.subList(1, marks.size())) {
      Files.deleteIfExists(other.file());
    }
  }

  private static List<Mark> marks(Path directory) throws IOException {
    List<Mark> marks = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(
          file -> {
            Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
            if (name.matches()) {
              marks.add(new Mark(file, name.group(1), Long.parseLong(name.group(2))));
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return marks;
  }
}
