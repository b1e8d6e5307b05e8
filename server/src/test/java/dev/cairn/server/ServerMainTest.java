package dev.cairn.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerMainTest {
  @TempDir Path data;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void helpsWithEveryKey() {
    assertThat(run("--help")).isEqualTo(ServerMain.OK);

    assertThat(out.toString(UTF_8)).contains("Usage:").contains("data.directory");
    assertThat(err.toString(UTF_8)).isEmpty();
  }

  @Test
  void saysItsVersion() {
    assertThat(run("--version")).isEqualTo(ServerMain.OK);

    assertThat(out.toString(UTF_8)).startsWith("cairn-server ");
  }

  @Test
  void printsTheEffectiveConfiguration() {
    assertThat(run("--listen.port=7", "--print-config")).isEqualTo(ServerMain.OK);

    assertThat(out.toString(UTF_8)).contains("listen.port=7");
  }

  @Test
  void refusesAWrongCommandLine() {
    assertThat(run("--listen.prot=7")).isEqualTo(ServerMain.USAGE);

    assertThat(err.toString(UTF_8)).contains("listen.prot").contains("listen.port");
    assertThat(data).isEmptyDirectory();
  }

  @Test
  void refusesADirectoryThatAnotherServerUses() {
    String[] arguments = {"--data.directory=" + data, "--listen.port=0", "--disk.reserve=0"};
    try (BackupServer first =
        BackupServer.start(
            ServerConfig.of(
                Map.of(
                    "data.directory", data.toString(),
                    "listen.port", "0",
                    "disk.reserve", "0")))) {
      assertThat(first.port()).isPositive();

      assertThat(run(arguments)).isEqualTo(ServerMain.IN_USE);

      assertThat(err.toString(UTF_8)).contains("another server").hasLineCount(1);
    }
  }

  @Test
  void refusesAPortThatIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int code =
          run(
              "--data.directory=" + data,
              "--listen.port=" + taken.getLocalPort(),
              "--disk.reserve=0");

      assertThat(code).isEqualTo(ServerMain.CANNOT_LISTEN);
      assertThat(err.toString(UTF_8)).contains("cannot listen on 127.0.0.1");
    }
    // What was opened before was closed again.
    try (BackupServer next =
        BackupServer.start(
            ServerConfig.of(
                Map.of(
                    "data.directory", data.toString(),
                    "listen.port", "0",
                    "disk.reserve", "0")))) {
      assertThat(next.port()).isPositive();
    }
  }

  @Test
  void refusesADataDirectoryThatIsAFile() throws IOException {
    Path file = Files.writeString(data.resolve("file"), "x");

    assertThat(run("--data.directory=" + file, "--listen.port=0")).isEqualTo(ServerMain.DATA);

    assertThat(err.toString(UTF_8)).contains("data directory");
  }

  private int run(String... arguments) {
    return new ServerMain(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8))
        .run(List.of(arguments), Map.of());
  }
}
