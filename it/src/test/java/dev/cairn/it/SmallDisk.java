package dev.cairn.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A file system of some MiB that can be filled and emptied: a tmpfs, which only root may mount.
 * Skips the test where that is not possible.
 */
final class SmallDisk implements AutoCloseable {
  private static final int BLOCK = 4096;

  private final Path root;

  private SmallDisk(Path root) {
    this.root = root;
  }

  /** Mounts one at {@code directory}. */
  static SmallDisk mount(Path directory, int mebibytes) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", directory),
        "skipped: only root may mount the small disk that this test fills");
    return new SmallDisk(directory);
  }

  /** Takes all the room that there is, but for {@code left} bytes. */
  void fill(long left) {
    Path ballast = root.resolve("ballast");
    try (OutputStream out = Files.newOutputStream(ballast)) {
      byte[] block = new byte[BLOCK];
      while (Files.getFileStore(root).getUsableSpace() > left) {
        out.write(block);
      }
    } catch (IOException full) {
      // There was even less room than that.
    }
  }

  /** Gives the room back. */
  void empty() {
    try {
      Files.deleteIfExists(root.resolve("ballast"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    run("umount", "-l", root);
  }

  private static boolean run(Object... command) {
    try {
      Process process =
          new ProcessBuilder(List.of(command).stream().map(String::valueOf).toList())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
