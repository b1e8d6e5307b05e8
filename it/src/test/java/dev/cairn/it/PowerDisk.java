package dev.cairn.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A disk whose power can be cut: an ext4 file system in a file, which on {@link #cut} forgets
 * everything that was not forced, as the machine would. It does so by the file system's own
 * shutdown call (EXT4_IOC_SHUTDOWN, without flushing its journal), the one that file systems are
 * tested with.
 *
 * <p>The mount options are the harshest ones: metadata that nobody forces stays in memory for
 * minutes, data and renames are written in no order, and a file that replaces another is not forced
 * behind the writer's back. Needs root, loop devices and perl.
 */
final class PowerDisk implements AutoCloseable {
  private static final String MOUNT = "loop,commit=300,data=writeback,noauto_da_alloc";
  private static final String SHUTDOWN =
      "open(my $f,'<',$ARGV[0]) or die $!; my $how=pack('I',2); ioctl($f,0x8004587D,$how) or die $!";

  private final Path image;
  private final Path mount;
  private boolean mounted;

  private PowerDisk(Path image, Path mount) {
    this.image = image;
    this.mount = mount;
  }

  /** Makes an empty one that is seen at {@code mount}. */
  static PowerDisk make(Path image, Path mount) {
    try {
      Files.createDirectories(mount);
      run("truncate", "-s", "512M", image.toString());
      run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
      PowerDisk disk = new PowerDisk(image, mount);
      disk.mount();
      Files.delete(mount.resolve("lost+found"));
      return disk;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Why there can be none on this machine; empty if there can. */
  static Optional<String> unavailable(Path directory) {
    try (PowerDisk disk = make(directory.resolve("probe.img"), directory.resolve("probe"))) {
      disk.cut();
      return Optional.empty();
    } catch (AssertionError | UncheckedIOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private void mount() {
    run("mount", "-o", MOUNT, image.toString(), mount.toString());
    mounted = true;
  }

  /** What was not forced is lost from now on; everything that touches the disk fails. */
  void cut() {
    run("perl", "-e", SHUTDOWN, mount.toString());
  }

  /** The power is back. Nobody may use the disk meanwhile. */
  void restore() {
    unmount();
    mount();
  }

  private void unmount() {
    run("umount", mount.toString());
    mounted = false;
  }

  @Override
  public void close() {
    if (mounted) {
      unmount();
    }
    try {
      Files.deleteIfExists(image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(List.of(command) + " failed: " + said.strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }
}
