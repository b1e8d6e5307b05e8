package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server takes down of the state of its databases while it runs. */
class MarksTest {
  /** More than the engine keeps in memory, so that it writes tables when it sees fit. */
  private static final int LARGE_ITEMS = 60;

  @TempDir Path directory;

  @Test
  void aDatabaseThatTheEngineChangedByItselfIsMarkedAgain() {
    String large = "{\"text\":\"" + "x".repeat(400_000) + "\"}";
    try (TestServer server = TestServer.on(directory)) {
      server.hasSite("shop").hasCollection("shop", "books").hasItem("shop", "books", "first", "{}");
      List<String> before = marks();
      assertThat(before).hasSize(1);

      for (int i = 0; i < LARGE_ITEMS; i++) {
        server.hasItem("shop", "books", "book-" + i, large);
      }

      TestServer.eventually(() -> !marks().equals(before));
    }
  }

  private List<String> marks() {
    try (Stream<Path> files =
        Files.list(directory.resolve("sites").resolve("shop").resolve("gen-000001"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("MARK-"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
