package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Runs the README's first steps and the pages about operating and about the command line: all their
 * {@code sh} blocks, in order and as they are written, in one shell that ends at the first command
 * that fails.
 */
class DocsIT {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```sh\\n(.*?)^```");
  private static final String SERVER_JAR = "server/target/cairn-server.jar";
  private static final String CLI_JAR = "client/target/cairn.jar";
  private static final List<String> PROGRAMS =
      List.of(
          "client/src/main/dist/cairn",
          "server/src/main/dist/cairn-server",
          "server/src/main/dist/slim",
          "server/src/main/dist/image");
  private static final String RESOURCES = "client/src/main/resources";
  private static final long MINUTES = 8;

  @RegisterExtension final Servers servers = new Servers();

  @Test
  void theTenMinutesOfTheReadme() throws IOException, InterruptedException {
    int port = freePort();
    String output =
        run("README.md", 1, "127.0.0.1:" + port, Map.of("CAIRN_LISTEN_PORT", "" + port));
    assertThat(output).contains("250", "To take it back: cairn restoration undo");
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Test
  void theServersPage() throws IOException, InterruptedException {
    int port = freePort();
    String output =
        run("server/README.md", 7, "127.0.0.1:" + port, Map.of("CAIRN_LISTEN_PORT", "" + port));
    assertThat(output).contains("gen-000999", "nobody has to act");
  }

  @Test
  void theClientsPage() throws IOException, InterruptedException {
    String output = run("client/README.md", 3, servers.start().address(), Map.of());
    assertThat(output).contains("READY", "To take it back: cairn restoration undo");
  }

  /** Runs a page and answers what its commands said. */
  private String run(String page, int blocks, String address, Map<String, String> variables)
      throws IOException, InterruptedException {
    Path directory = checkout();
    String text = Files.readString(Settings.root().resolve(page));
    assertThat(BLOCK.matcher(text).results().count()).isGreaterThanOrEqualTo(blocks);
    String script =
        "set -euxo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT\n"
            + BLOCK
                .matcher(text)
                .results()
                .map((MatchResult block) -> block.group(1))
                .collect(Collectors.joining());
    Path file = Files.writeString(directory.resolve("page.sh"), script);
    Path log = directory.resolve("page.log");
    ProcessBuilder builder =
        new ProcessBuilder("bash", file.toString())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CAIRN_"));
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("CAIRN_SERVER", address);
    builder.environment().putAll(variables);
    builder.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    builder
        .environment()
        .merge("PATH", Settings.java().getParent() + ":", (path, java) -> java + path);
    Process shell = builder.start();
    try {
      boolean ended = shell.waitFor(MINUTES, TimeUnit.MINUTES);
      String output = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
      assertThat(ended).as(output).isTrue();
      assertThat(shell.exitValue()).as(output).isZero();
      return output;
    } finally {
      shell.descendants().forEach(ProcessHandle::destroyForcibly);
      shell.destroyForcibly();
    }
  }

  /** What the pages find where they are read, but with room to write. */
  private Path checkout() throws IOException {
    Path directory = servers.directory();
    for (String name : new String[] {SERVER_JAR, CLI_JAR, RESOURCES}) {
      Files.createDirectories(directory.resolve(name).resolve("..").normalize());
    }
    Files.createSymbolicLink(directory.resolve(SERVER_JAR), Settings.serverJar());
    Files.createSymbolicLink(directory.resolve(CLI_JAR), Settings.cliJar());
    Files.createSymbolicLink(directory.resolve(RESOURCES), Settings.root().resolve(RESOURCES));
    for (String name : PROGRAMS) {
      Files.createDirectories(directory.resolve(name).resolve("..").normalize());
      Files.copy(
          Settings.root().resolve(name),
          directory.resolve(name),
          java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    }
    return directory;
  }
}
