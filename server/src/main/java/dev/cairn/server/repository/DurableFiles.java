package dev.cairn.server.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Changes to the file system that survive a power cut.
 *
 * <p>The rule that everything here follows: a file's bytes are safe once the file was forced, and
 * its <em>name</em> is safe once the directory that holds the name was forced. A rename replaces a
 * file at one instant, so whoever reads {@code F} after {@code writeAtomically(F, ...)} was cut off
 * sees all of the old bytes or all of the new ones:
 *
 * <pre>{@code
 * write F.tmp -> force F.tmp -> rename F.tmp F -> force the directory of F
 * }</pre>
 *
 * <p>After a force that failed, nobody knows what is on the disk: the kernel may have dropped the
 * pages and say yes to the next force. Never try it again on the same file; give up what was being
 * made and write it anew.
 *
 * <p>Made for POSIX file systems, where a directory can be opened and forced. Deletions are not
 * forced: one that a crash takes back must be harmless or be followed by {@link #forceDirectory}.
 * Symbolic links are never followed. An interrupted thread gets a {@code
 * ClosedByInterruptException}; the change may or may not have happened.
 *
 * <p>Immutable and thread-safe; calls for the same file are ordered by the caller. Throws {@link
 * IOException} as the file system does; {@link StorageFailures} makes a {@code ServiceException} of
 * it.
 */
public final class DurableFiles {
  /** What a crash may fall between. */
  public enum Step {
    CREATE_DIRECTORY,
    WRITE,
    FORCE,
    RENAME,
    DELETE
  }

  /** Called before each change, so that a test can break it off there. */
  @FunctionalInterface
  public interface StepListener {
    /** May throw, and then the step and all after it do not happen. */
    void before(Step step, Path path) throws IOException;
  }

  private final StepListener listener;

  public DurableFiles() {
    this((step, path) -> {});
  }

  /** For tests that fail or crash at a chosen step. */
  public DurableFiles(StepListener listener) {
    this.listener = listener;
  }

  /** Makes a directory and its missing parents; each new name is forced. */
  public void createDirectories(Path directory) throws IOException {
    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Path parent = parentOf(directory);
    if (!Files.isDirectory(parent)) {
      createDirectories(parent);
    }
    listener.before(Step.CREATE_DIRECTORY, directory);
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    forceDirectory(parent);
  }

  /** Puts the names in a directory on the disk: what was made, renamed or deleted in it. */
  public void forceDirectory(Path directory) throws IOException {
    force(directory);
  }

  /**
   * Replaces {@code file}, or makes it, with {@code content}; durable on return. Uses a neighbour
   * whose name ends with {@code .tmp}, which a crash may leave and the next call overwrites.
   */
  public void writeAtomically(Path file, byte[] content) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      write(temporary, content);
      rename(temporary, file);
    } catch (IOException e) {
      deleteAfterFailure(temporary, e);
      throw e;
    }
  }

  /**
   * Writes {@code file} where nobody looks yet. Its bytes are safe on return, its name is once its
   * directory was forced.
   */
  public void write(Path file, byte[] content) throws IOException {
    listener.before(Step.WRITE, file);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      listener.before(Step.FORCE, file);
      channel.force(true);
    }
  }

  /**
   * Renames a file or directory at one instant and forces the directories that hold the two names.
   * A file in the way is replaced, a directory in the way has to be empty.
   *
   * @throws java.nio.file.AtomicMoveNotSupportedException across file systems
   */
  public void rename(Path source, Path target) throws IOException {
    listener.before(Step.RENAME, target);
    Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
    Path newParent = parentOf(target);
    forceDirectory(newParent);
    Path oldParent = parentOf(source);
    if (!oldParent.equals(newParent)) {
      forceDirectory(oldParent);
    }
  }

  /** Deletes a file or an empty directory; nothing happens where there is none. Not forced. */
  public void delete(Path path) throws IOException {
    listener.before(Step.DELETE, path);
    Files.deleteIfExists(path);
  }

  /** Deletes a directory and all in it; nothing happens where there is none. Not forced. */
  public void deleteTree(Path directory) throws IOException {
    if (!exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<Path>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * Whether something of that name exists. Unlike {@link Files#exists} it throws when the file
   * system cannot tell, so that nobody deletes what is only unreadable for now.
   */
  public static boolean exists(Path path) throws IOException {
    try {
      Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** What is directly in a directory, by name. */
  public static List<Path> list(Path directory) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      stream.forEach(entries::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    Collections.sort(entries);
    return entries;
  }

  private void force(Path path) throws IOException {
    listener.before(Step.FORCE, path);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteAfterFailure(Path file, IOException failure) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static Path parentOf(Path path) throws IOException {
    Path parent = path.toAbsolutePath().normalize().getParent();
    if (parent == null) {
      throw new IOException("the root of a file system cannot be changed");
    }
    return parent;
  }
}
