package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The tour that the README begins with. */
class TourIT {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @RegisterExtension final Servers servers = new Servers();

  @Test
  void playsOnAServerOfItsOwn() throws IOException {
    Set<String> before = temporary();
    Cli.Outcome tour = Cli.nowhere().ok("tour", "--server-jar", Settings.serverJar().toString());
    System.out.println("TourIT: " + tour.time().toMillis() + " ms");
    assertThat(tour.time()).isLessThan(MINUTE);
    assertThat(tour.out()).contains("171,325", "undo");
    assertThat(temporary()).as("what the tour left behind").isEqualTo(before);
  }

  private static Set<String> temporary() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir", "/tmp")))) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(name -> name.contains("cairn-tour"))
          .collect(Collectors.toSet());
    }
  }

  @Test
  void playsOnAServerThatRunsAndLeavesNothing() {
    CairnProcess server = servers.start();
    Cli.nowhere().ok("--server", server.address(), "tour");
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.siteIds()).isEmpty();
      DataDirectory.requireTidy(server, cairn);
    }
  }

  @Test
  void saysWhatIsMissing() {
    Cli.Outcome lost = Cli.nowhere().run("tour", "--server-jar", "/no/such.jar");
    assertThat(lost.exitCode()).as("%s", lost).isEqualTo(2);
    assertThat(lost.errors()).contains("hint:", "/no/such.jar");
  }
}
