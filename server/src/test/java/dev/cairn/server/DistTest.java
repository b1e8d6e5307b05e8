package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.ServerConfig.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is delivered beside the jar fits the server. */
class DistTest {
  private static final Path DIST = Path.of("src/main/dist");
  private static final Pattern VARIABLE = Pattern.compile("(CAIRN_[A-Z_]+)=(\\S+)");

  @TempDir Path directory;

  @Test
  void theExampleConfigurationIsTheServersOwn() throws IOException {
    assertThat(Files.readString(DIST.resolve("cairn-server.properties")))
        .as("write it anew: java -jar cairn-server.jar --example-config")
        .isEqualTo(ServerConfig.exampleFile());
  }

  @Test
  void theExampleConfigurationIsTheDefaultsWithAndWithoutItsComments() throws IOException {
    Path untouched = DIST.resolve("cairn-server.properties");
    Path everything = directory.resolve("all.properties");
    // Keys begin right after their mark, sentences after a space.
    Files.writeString(everything, Files.readString(untouched).replaceAll("(?m)^#(?=\\S)", ""));
    assertThat(Files.readAllLines(everything).stream().filter(line -> line.matches("[a-z].*=.*")))
        .hasSameSizeAs(ServerConfig.markdownTable().lines().skip(2).toList());

    ServerConfig defaults = ServerConfig.of(Map.of());
    assertThat(start(List.of("--config", untouched.toString()), Map.of())).isEqualTo(defaults);
    assertThat(start(List.of("--config", everything.toString()), Map.of())).isEqualTo(defaults);
  }

  @Test
  void theUnitStartsTheServerAndKnowsItsExitCodes() throws IOException {
    String unit = Files.readString(DIST.resolve("cairn-server.service"));
    String command = line(unit, "ExecStart=");
    String program = "/usr/lib/cairn/cairn-server ";
    assertThat(command).startsWith(program);
    List<String> arguments = List.of(command.substring(program.length()).split(" "));
    Path config = directory.resolve("cairn-server.properties");
    Files.writeString(config, ServerConfig.exampleFile());

    ServerConfig started =
        start(
            arguments.stream()
                .map(each -> each.replace("/etc/cairn/cairn-server.properties", config.toString()))
                .toList(),
            Map.of());

    assertThat(started.dataDirectory()).isEqualTo(Path.of("/var/lib/cairn"));
    assertThat(unit).contains("StateDirectory=cairn\n", "CacheDirectory=cairn\n");
    assertThat(line(unit, "RestartPreventExitStatus="))
        .isEqualTo(
            ServerMain.USAGE
                + " "
                + ServerMain.IN_USE
                + " "
                + ServerMain.CANNOT_LISTEN
                + " "
                + ServerMain.DATA);
    assertThat(Long.parseLong(line(unit, "TimeoutStopSec=")))
        .isGreaterThan(started.shutdownGrace().toSeconds());
  }

  @Test
  void theImageHasTheJarAndVariablesThatTheServerKnows() throws IOException {
    String image = Files.readString(DIST.resolve("Containerfile"));
    Map<String, String> variables = new HashMap<>();
    Matcher matcher = VARIABLE.matcher(image);
    while (matcher.find()) {
      variables.put(matcher.group(1), matcher.group(2));
    }

    ServerConfig started = start(List.of(), variables);

    assertThat(started.dataDirectory()).isEqualTo(Path.of(line(image, "VOLUME ")));
    assertThat(started.listen().address()).isEqualTo("0.0.0.0");
    assertThat(line(image, "EXPOSE ")).isEqualTo(String.valueOf(started.listen().port()));
    assertThat(line(image, "COPY ")).startsWith("server/target/cairn-server.jar ");
    assertThat(image).doesNotContain("alpine");
  }

  private static ServerConfig start(List<String> arguments, Map<String, String> environment) {
    ServerConfig.Command command = ServerConfig.parse(arguments, environment);
    assertThat(command).isInstanceOf(Start.class);
    return ((Start) command).config();
  }

  private static String line(String text, String start) {
    return text.lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no line starts with " + start));
  }
}
