package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What CONTRIBUTING says can be done so, and the pages' links lead somewhere. */
class ContributingIT {
  private static final Path PAGE = Settings.root().resolve(".github/CONTRIBUTING.md");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```\\n(.*?)^```$");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");
  private static final Pattern TEST_CLASS = Pattern.compile("-D(?:it\\.)?test=([A-Z]\\w+)");

  @RegisterExtension final Servers servers = new Servers();

  static List<String> mavenCommands() throws IOException {
    return commands("mvn ");
  }

  private static List<String> commands(String start) throws IOException {
    List<String> commands = new ArrayList<>();
    for (MatchResult block : BLOCK.matcher(Files.readString(PAGE)).results().toList()) {
      block
          .group(1)
          .lines()
          .filter(line -> line.startsWith(start) || line.startsWith("JAZZER_FUZZ=1 " + start))
          .forEach(commands::add);
    }
    assertThat(commands).as("commands that begin with %s", start).isNotEmpty();
    return commands;
  }

  /**
   * Maven takes each with all its options, and the tests that it names are there. It stops before
   * it compiles: this test runs in a build, which must not be built a second time from within.
   */
  @ParameterizedTest
  @MethodSource("mavenCommands")
  void mavenTakesTheCommand(String command) throws IOException, InterruptedException {
    for (MatchResult test : TEST_CLASS.matcher(command).results().toList()) {
      try (Stream<Path> files = Files.walk(Settings.root(), 12)) {
        assertThat(files.map(each -> String.valueOf(each.getFileName())))
            .contains(test.group(1) + ".java");
      }
    }
    String checked = command.replaceAll(" (verify|test|spotless:apply)(?= |$)", " validate");
    assertThat(checked).isNotEqualTo(command);
    run(Settings.root(), checked + " --offline");
  }

  /** The command that keeps the contract as released, on a copy of the module. */
  @Test
  void theContractIsReleasedByTheCommand() throws IOException, InterruptedException {
    Path buf = Path.of(System.getProperty("cairn.buf", "no-buf"));
    assumeThat(buf).as("the build has no buf for this platform").isExecutable();
    Path copy = servers.directory();
    Path proto = copy.resolve("proto");
    Files.createDirectories(proto.resolve("target"));
    Files.createSymbolicLink(proto.resolve("target/buf"), buf.toAbsolutePath().normalize());
    Files.copy(Settings.root().resolve("proto/buf.yaml"), proto.resolve("buf.yaml"));
    Files.createDirectories(proto.resolve("src/main"));
    Files.createSymbolicLink(proto.resolve("src/main/protobuf"), Protos.contract());
    run(copy, commands("cd proto").get(0));
    assertThat(proto.resolve("released.binpb")).isNotEmptyFile();
    run(proto, "target/buf breaking --against released.binpb");
  }

  @Test
  void theToolsOfTheLanguagesAreInstalledByTheCommand() throws IOException, InterruptedException {
    String install = commands("it/src/test/polyglot/").get(0);
    assertThat(Settings.root().resolve(install)).isExecutable();
    run(Settings.root(), "sh -n " + install);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "README.md",
        "proto/README.md",
        "proto/REFERENCE.md",
        "it/README.md",
        ".github/CONTRIBUTING.md"
      })
  void theLinksLeadSomewhere(String page) throws IOException {
    Path file = Settings.root().resolve(page);
    for (MatchResult link : LINK.matcher(Files.readString(file)).results().toList()) {
      assertThat(file.resolveSibling(link.group(1)).normalize()).as(link.group()).exists();
    }
  }

  private void run(Path directory, String command) throws IOException, InterruptedException {
    Path output = servers.directory().resolve("output.log");
    Process process =
        new ProcessBuilder("sh", "-euc", command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).as("%s: %s", command, Files.readString(output)).isZero();
  }
}
