package dev.cairn.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** The audit log is one for the whole process. */
@Isolated
class AuditFileTest {
  @TempDir Path directory;

  private static void write(String who) {
    new AuditLine().with("who", who).write();
  }

  @Test
  void beginsANewFileAfterTheOldOneWasRenamed() throws IOException {
    Path file = directory.resolve("audit.log");
    Path old = directory.resolve("audit.log.1");
    try (AuditFile audit = new AuditFile(file)) {
      write("before");
      audit.look();
      Files.move(file, old);
      write("between");
      audit.look();
      write("after");

      assertThat(Files.readString(old)).contains("who=before", "who=between");
      assertThat(Files.readString(file)).contains("who=after").doesNotContain("who=b");

      Files.delete(file);
      audit.look();
      write("again");
      assertThat(Files.readAllLines(file)).hasSize(1);
    }
  }

  @Test
  void whoeverCopiesAndTruncatesItFindsNoHole() throws IOException {
    Path file = directory.resolve("audit.log");
    try (AuditFile audit = new AuditFile(file)) {
      write("before");
      try (FileChannel all = FileChannel.open(file, StandardOpenOption.WRITE)) {
        all.truncate(0);
      }
      audit.look();
      write("after");

      assertThat(Files.readString(file)).contains("who=after").doesNotContain("\u0000", "before");
    }
  }
}
