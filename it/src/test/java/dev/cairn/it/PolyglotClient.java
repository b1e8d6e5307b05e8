package dev.cairn.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A client program in some language, which makes the calls that it is told on its standard input
 * and answers on its standard output, one line of JSON for each call. Confined to one thread.
 */
final class PolyglotClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long CALL_SECONDS = 120;
  private static final ScheduledExecutorService WATCHDOG =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "polyglot-watchdog");
            thread.setDaemon(true);
            return thread;
          });

  private final Process process;
  private final Path errors;
  private final BufferedWriter in;
  private final BufferedReader out;

  PolyglotClient(ProcessBuilder builder, Path errors) {
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.errors = errors;
    in =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Has it make one call. */
  JsonNode call(JsonNode command) {
    // Ends the reading below should the program hang.
    ScheduledFuture<?> timeout =
        WATCHDOG.schedule(process::destroyForcibly, CALL_SECONDS, TimeUnit.SECONDS);
    try {
      in.write(JSON.writeValueAsString(command));
      in.write('\n');
      in.flush();
      String line = out.readLine();
      if (line == null) {
        throw new IOException("it ended");
      }
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new AssertionError(
          "no answer to " + command.get("method") + ": " + e.getMessage() + "\n" + said(), e);
    } finally {
      timeout.cancel(false);
    }
  }

  private String said() {
    try {
      return Files.readString(errors);
    } catch (IOException e) {
      return "(nothing on its standard error)";
    }
  }

  @Override
  public void close() {
    try {
      in.close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
