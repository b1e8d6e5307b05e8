package dev.cairn.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.DurableFiles.Step;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DurableFilesTest {
  private final List<String> steps = new ArrayList<>();
  private final DurableFiles files =
      new DurableFiles((step, path) -> steps.add(step + " " + path.getFileName()));
  @TempDir Path directory;

  @Test
  void writesAtomicallyAndForcesEachStep() throws IOException {
    Path file = directory.resolve("CURRENT");
    Files.writeString(file, "old");

    files.writeAtomically(file, "new".getBytes(StandardCharsets.UTF_8));

    assertThat(file).hasContent("new");
    assertThat(steps)
        .containsExactly(
            "WRITE CURRENT.tmp",
            "FORCE CURRENT.tmp",
            "RENAME CURRENT",
            "FORCE " + directory.getFileName());
  }

  @Test
  void writeThatFailsKeepsTheOldBytesAndNoTemporaryFile() throws IOException {
    Path file = directory.resolve("CURRENT");
    for (Step step : List.of(Step.WRITE, Step.FORCE, Step.RENAME)) {
      Files.writeString(file, "old");
      DurableFiles failing =
          new DurableFiles(
              (now, path) -> {
                if (now == step) {
                  throw new IOException("broken");
                }
              });

      assertThatThrownBy(() -> failing.writeAtomically(file, new byte[] {1}))
          .isInstanceOf(IOException.class);

      assertThat(file).hasContent("old");
      assertThat(DurableFiles.list(directory)).containsExactly(file);
    }
  }

  @Test
  void writeReplacesALongerTemporaryFileLeftByACrash() throws IOException {
    Path file = directory.resolve("CURRENT");
    Files.writeString(directory.resolve("CURRENT.tmp"), "long and left over");

    files.writeAtomically(file, new byte[] {'x'});

    assertThat(file).hasContent("x");
  }

  @Test
  void makesMissingParentsAndForcesEachName() throws IOException {
    files.createDirectories(directory.resolve("a/b"));
    files.createDirectories(directory.resolve("a/b"));

    assertThat(directory.resolve("a/b")).isDirectory();
    assertThat(steps)
        .containsExactly(
            "CREATE_DIRECTORY a",
            "FORCE " + directory.getFileName(),
            "CREATE_DIRECTORY b",
            "FORCE a");
  }

  @Test
  void renameForcesBothDirectories() throws IOException {
    Files.createDirectories(directory.resolve("a/x"));
    Files.createDirectories(directory.resolve("b"));

    files.rename(directory.resolve("a/x"), directory.resolve("b/y"));

    assertThat(directory.resolve("b/y")).isDirectory();
    assertThat(steps).containsExactly("RENAME y", "FORCE b", "FORCE a");
  }

  @Test
  void deletesATreeButNotWhatItsLinksPointTo() throws IOException {
    Files.createDirectories(directory.resolve("tree/deep"));
    Files.createDirectories(directory.resolve("kept"));
    Files.writeString(directory.resolve("kept/file"), "kept");
    Files.createSymbolicLink(directory.resolve("tree/deep/link"), directory.resolve("kept"));

    files.deleteTree(directory.resolve("tree"));
    files.deleteTree(directory.resolve("tree"));

    assertThat(DurableFiles.list(directory)).containsExactly(directory.resolve("kept"));
    assertThat(directory.resolve("kept/file")).hasContent("kept");
  }

  @Test
  void existsThrowsWhereItCannotTell() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    assertThat(DurableFiles.exists(file)).isTrue();
    assertThat(DurableFiles.exists(directory.resolve("none"))).isFalse();
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> DurableFiles.exists(file.resolve("below")));
  }

  @Test
  void failuresAreToldApart() {
    assertThat(reason(new IOException("No space left on device"))).isEqualTo(Reason.DISK_FULL);
    assertThat(reason(new FileSystemException("/a", null, "No space left on device")))
        .isEqualTo(Reason.DISK_FULL);
    assertThat(reason(new FileSystemException("/a", null, "Disk quota exceeded")))
        .isEqualTo(Reason.DISK_FULL);
    assertThat(reason(new FileSystemException("/No space left", null, "Permission denied")))
        .isEqualTo(Reason.STORAGE_FAILED);
    assertThat(reason(new IOException())).isEqualTo(Reason.STORAGE_FAILED);
    assertThat(reason(new ClosedByInterruptException())).isEqualTo(Reason.INTERRUPTED);
  }

  @Test
  void interruptedThreadIsToldSo() {
    Thread.currentThread().interrupt();
    Throwable failure = catchThrowable(() -> files.forceDirectory(directory));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure).isInstanceOf(ClosedByInterruptException.class);
  }

  private static Reason reason(IOException cause) {
    return StorageFailures.of("do it", cause).reason();
  }
}
