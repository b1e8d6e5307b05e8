package dev.cairn.client.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cairn.client.CairnClient;
import dev.cairn.client.RetryPolicy;
import dev.cairn.client.fake.FakeServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Runs commands as a shell would, one after the other. */
final class Shell {
  private static final RetryPolicy QUICK =
      new RetryPolicy(3, Duration.ofMillis(1), Duration.ofMillis(4), 2, Duration.ofSeconds(1));

  /** What a command left behind. */
  record Result(int code, String out, String err) {
    JsonNode json() {
      try {
        return new ObjectMapper().readTree(out);
      } catch (IOException e) {
        throw new UncheckedIOException(out, e);
      }
    }
  }

  private final FakeServer server;
  private boolean screen;

  Shell(FakeServer server) {
    this.server = server;
  }

  /** From now on somebody sits before a screen. */
  Shell onScreen() {
    screen = true;
    return this;
  }

  Result run(String... args) {
    return runWith("", args);
  }

  Result runWith(String input, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input.getBytes(UTF_8)),
            out,
            new PrintStream(err, true, UTF_8),
            screen,
            screen);
    CairnCli cli =
        new CairnCli(terminal, target -> CairnClient.builder(server.channel()).retryPolicy(QUICK));
    int code = cli.run(args);
    return new Result(code, out.toString(UTF_8), err.toString(UTF_8));
  }
}
