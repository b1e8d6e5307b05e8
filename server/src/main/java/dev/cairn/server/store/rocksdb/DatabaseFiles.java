package dev.cairn.server.store.rocksdb;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directories of databases, as files: linking, copying, and making changes durable. A directory
 * comes to be under its final name whole or not at all.
 */
final class DatabaseFiles {
  /** What belongs to a database; its lock, its log and what others put beside it do not. */
  private static final Pattern CONTENT =
      Pattern.compile("CURRENT|IDENTITY|MANIFEST-\\d+|OPTIONS-\\d+|\\d+\\.(sst|log|blob)");

  private static final String TABLE_SUFFIX = ".sst";

  private DatabaseFiles() {}

  /** Fills a directory that does not exist yet, but whose parent does. */
  @FunctionalInterface
  interface Filler {
    void fill(Path directory);
  }

  /**
   * Makes {@code target} by filling a directory of another name beside it. What a crash leaves of
   * that one starts with the target's name and ends with {@code .tmp}. The new name is not forced.
   */
  static void make(Path target, Filler filler) {
    if (Files.exists(target)) {
      throw Failures.refused("The directory for a database exists already.");
    }
    Path temporary = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    boolean done = false;
    try {
      filler.fill(temporary);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      done = true;
    } catch (IOException e) {
      throw Failures.of("make a copy of a database", e);
    } finally {
      if (!done) {
        deleteIgnoringErrors(temporary);
      }
    }
  }

  /**
   * Fills {@code target} with the database in {@code source}: table files linked, others copied.
   * The names are forced, the copies are not: whoever opens a database to write puts a manifest,
   * options and a log of its own in their place, and forces those.
   */
  static void linkOrCopy(Path source, Path target) {
    try {
      Files.createDirectory(target);
      for (Path file : list(source)) {
        Path name = file.getFileName();
        if (!CONTENT.matcher(name.toString()).matches()) {
          continue;
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          // A link of a link would let what lies elsewhere into the copy and all that is made of
          // it.
          throw Failures.corrupt(
              "The stored data is damaged: " + name + " is not a plain file.", null);
        }
        Path copy = target.resolve(name);
        if (name.toString().endsWith(TABLE_SUFFIX)) {
          // Never changed after it was written, and durable since.
          Files.createLink(copy, file);
        } else {
          Files.copy(file, copy);
        }
      }
      forceDirectory(target);
    } catch (IOException e) {
      throw Failures.of("copy a database", e);
    }
  }

  static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static Path parent(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("a database cannot be the root directory");
    }
    return parent;
  }

  /** Removes a directory with all it holds, if it is there. */
  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** For cleaning up after a failure, which matters more than that of the cleaning. */
  static void deleteIgnoringErrors(Path directory) {
    try {
      delete(directory);
    } catch (IOException ignored) {
      // Whoever owns the parent sweeps what is left.
    }
  }
}
