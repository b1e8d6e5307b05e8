package dev.cairn.server.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskUsageTest {
  private static final int LARGE = 1_000_000;

  @TempDir Path root;
  private Path first;
  private Path second;
  private long block;

  @BeforeEach
  void makeDirectories() throws IOException {
    first = Files.createDirectory(root.resolve("first"));
    second = Files.createDirectory(root.resolve("second"));
    block = Files.getFileStore(root).getBlockSize();
  }

  @Test
  void countsAFileWithTwoNamesInTheFirstDirectory() throws IOException {
    Path file = file(first, "shared");
    Files.createLink(second.resolve("same"), file);
    file(second, "own");
    DiskUsage disk = new DiskUsage(root);

    assertThat(disk.add(first, Set.of())).isBetween((long) LARGE, LARGE + 4 * block);
    assertThat(disk.add(second, Set.of())).isBetween((long) LARGE, LARGE + 4 * block);
    assertThat(disk.add(second, Set.of())).isZero();
  }

  @Test
  void tellsWhatDeletingADirectoryWouldFree() throws IOException {
    Path shared = file(first, "shared");
    Files.createLink(second.resolve("same"), shared);
    file(second, "own");

    DiskUsage.Shares before = new DiskUsage(root).shares(second);
    Files.delete(shared);
    DiskUsage.Shares after = new DiskUsage(root).shares(second);

    assertThat(before.bytes()).isBetween(2L * LARGE, 2L * LARGE + 2 * block);
    assertThat(before.exclusiveBytes()).isEqualTo(before.bytes() / 2);
    assertThat(after.exclusiveBytes()).isEqualTo(after.bytes()).isEqualTo(before.bytes());
  }

  @Test
  void leavesOutWhatIsMeasuredElsewhere() throws IOException {
    file(first, "own");
    Path inner = Files.createDirectory(first.resolve("inner"));
    file(inner, "other");
    DiskUsage disk = new DiskUsage(root);

    assertThat(disk.add(first, Set.of(inner))).isLessThan(LARGE + 4 * block);
    assertThat(disk.add(inner, Set.of())).isGreaterThanOrEqualTo(LARGE);
  }

  @Test
  void findsNothingInWhatDoesNotExist() throws IOException {
    assertThat(new DiskUsage(root).add(root.resolve("none"), Set.of())).isZero();
    assertThat(new DiskUsage(root).shares(root.resolve("none")).bytes()).isZero();
  }

  private static Path file(Path directory, String name) throws IOException {
    return Files.write(directory.resolve(name), new byte[LARGE]);
  }
}
