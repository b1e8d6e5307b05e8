package dev.cairn.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.client.cli.Shell.Result;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.DeleteSiteRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TourTest {
  private final FakeServer server = new FakeServer().withLargeExportPages();
  private final Shell shell = new Shell(server);
  @TempDir Path directory;

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void playsOnARunningServerAndLeavesNothingThere() {
    Result result = shell.run("tour", "--server", "somewhere:7600");

    assertThat(result.err()).contains("cities", "100%").doesNotContain("error");
    assertThat(result.out())
        .contains(
            "250 countries and 171,075 cities are stored",
            "171,075  111,075",
            "Checked: every item is back",
            "none failed",
            "the damaged content is back exactly",
            "Where to go next");
    assertThat(result.code()).isZero();
    assertThat(shell.run("site", "list", "-o", "json").json().get("sites")).isEmpty();
  }

  @Test
  void failsWhenAStepFails() {
    server.failJobs();

    Result result = shell.run("tour", "-s", "somewhere");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("error: The backup is not READY.");
    assertThat(server.faults().requests("DeleteSite", DeleteSiteRequest.class)).hasSize(1);
  }

  @Test
  void saysWhyTheServerDidNotStart() throws Exception {
    Path jar = Files.writeString(directory.resolve("server.jar"), "no jar");

    Result result = shell.run("tour", "--server-jar", jar.toString());

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("The server ended with code 1", "corrupt jarfile");
  }

  @Test
  void needsAServer() {
    Result result = shell.run("tour", "--server-jar", directory.resolve("none.jar").toString());

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("There is no file", "--server-jar");
  }
}
