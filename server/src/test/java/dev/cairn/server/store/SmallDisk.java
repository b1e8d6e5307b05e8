package dev.cairn.server.store;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A file system of a few MiB that can be filled and emptied: a tmpfs, which only root may mount.
 * Skips the test where that is not possible.
 */
public final class SmallDisk implements AutoCloseable {
  private final Path root;

  private SmallDisk(Path root) {
    this.root = root;
  }

  /** Mounts one at {@code directory}, which must exist. */
  public static SmallDisk mount(Path directory, int mebibytes) {
    boolean mounted =
        run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", directory);
    assumeTrue(mounted, "needs the right to mount a tmpfs");
    return new SmallDisk(directory);
  }

  public Path root() {
    return root;
  }

  /** Takes all the room that is left. */
  public void fill() {
    byte[] block = new byte[4096];
    try (var out = Files.newOutputStream(root.resolve("ballast"))) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      // That is what was wanted.
    }
  }

  /** Gives the room back. */
  public void empty() {
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
