package dev.cairn.server.backup;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Measures directories as {@code du} does: the blocks that files and directories fill, and a file
 * that has several names once, in the directory that is measured first.
 *
 * <p>Files may come and go meanwhile; each is counted if it was there when it was looked at. Where
 * files cannot be told apart (not a Unix file system), each name counts.
 *
 * <p>Confined to one thread and one measurement.
 */
final class DiskUsage {
  private final Set<Object> counted = new HashSet<>();
  private final long blockSize;

  /**
   * @param directory on the file system to measure
   */
  DiskUsage(Path directory) throws IOException {
    this.blockSize = Math.max(1, Files.getFileStore(directory).getBlockSize());
  }

  /** Bytes of a directory's files: all of them, and those that have no name elsewhere. */
  record Shares(long bytes, long exclusiveBytes) {}

  /**
   * Bytes of what is in {@code directory} and was not counted before; 0 if it does not exist.
   *
   * @param without what to leave out
   */
  long add(Path directory, Set<Path> without) throws IOException {
    long[] bytes = {0};
    walk(
        directory,
        without,
        (path, attributes) -> {
          @Nullable Object file = attributes.fileKey();
          if (file == null || counted.add(file)) {
            bytes[0] += onDisk(attributes);
          }
        });
    return bytes[0];
  }

  /** What deleting {@code directory} would free of it, whatever was counted before. */
  Shares shares(Path directory) throws IOException {
    long[] bytes = {0, 0};
    walk(
        directory,
        Set.of(),
        (path, attributes) -> {
          if (!attributes.isDirectory()) {
            long size = onDisk(attributes);
            bytes[0] += size;
            bytes[1] += hasOneName(path) ? size : 0;
          }
        });
    return new Shares(bytes[0], bytes[1]);
  }

  private long onDisk(BasicFileAttributes attributes) {
    return (attributes.size() + blockSize - 1) / blockSize * blockSize;
  }

  private static boolean hasOneName(Path file) throws IOException {
    return !file.getFileSystem().supportedFileAttributeViews().contains("unix")
        || (int) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) == 1;
  }

  @FunctionalInterface
  private interface Visitor {
    void visit(Path path, BasicFileAttributes attributes) throws IOException;
  }

  private static void walk(Path directory, Set<Path> without, Visitor visitor) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<Path>() {
          @Override
          public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes)
              throws IOException {
            if (without.contains(visited)) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            visitor.visit(visited, attributes);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            try {
              visitor.visit(file, attributes);
            } catch (NoSuchFileException e) {
              return FileVisitResult.CONTINUE;
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException failure)
              throws IOException {
            return goOn(failure);
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            return failure == null ? FileVisitResult.CONTINUE : goOn(failure);
          }
        });
  }

  private static FileVisitResult goOn(IOException failure) throws IOException {
    if (failure instanceof NoSuchFileException) {
      return FileVisitResult.CONTINUE;
    }
    throw failure;
  }
}
