package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The packaged command line, run as a process for each command. Immutable. */
final class Cli {
  private static final Duration AT_MOST = Duration.ofMinutes(3);

  private final Map<String, String> environment;
  private final List<String> jvmFlags;

  private Cli(Map<String, String> environment, List<String> jvmFlags) {
    this.environment = environment;
    this.jvmFlags = jvmFlags;
  }

  /** A command line that talks to {@code server}. */
  static Cli of(CairnProcess server) {
    return nowhere().with("CAIRN_SERVER", server.address());
  }

  /** A command line that was not told of a server. */
  static Cli nowhere() {
    return new Cli(Map.of("LC_ALL", "C.UTF-8"), List.of());
  }

  Cli with(String name, String value) {
    Map<String, String> changed = new TreeMap<>(environment);
    changed.put(name, value);
    return new Cli(changed, jvmFlags);
  }

  /** A command line whose heap is bounded. */
  Cli withHeap(String size) {
    return new Cli(environment, List.of("-Xmx" + size));
  }

  /** What a command did. */
  record Outcome(List<String> command, int exitCode, byte[] output, String errors, Duration time) {
    /** Its standard output as UTF-8. */
    String out() {
      return new String(output, StandardCharsets.UTF_8);
    }

    Outcome succeeded() {
      assertThat(exitCode).as("%s", this).isZero();
      return this;
    }

    @Override
    public String toString() {
      String text = out();
      return "cairn "
          + String.join(" ", command)
          + "\nexit code "
          + exitCode
          + "\n-- stdout\n"
          + text.substring(0, Math.min(4_000, text.length()))
          + "\n-- stderr\n"
          + errors;
    }
  }

  /** Runs a command that has to succeed. */
  Outcome ok(String... arguments) {
    return run(arguments).succeeded();
  }

  Outcome run(String... arguments) {
    return start(arguments).await(AT_MOST);
  }

  /** Runs a command with {@code input} on its standard input. */
  Outcome runWithInput(byte[] input, String... arguments) {
    Running running = start(arguments);
    try (OutputStream stdin = running.process.getOutputStream()) {
      stdin.write(input);
    } catch (IOException e) {
      // It ended without reading it all; its outcome says why.
    }
    return running.await(AT_MOST);
  }

  /** Starts a command and goes on. */
  Running start(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Settings.java().toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(jvmFlags);
    command.addAll(List.of("-jar", Settings.cliJar().toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(
            name -> name.startsWith("CAIRN_") || name.startsWith("LC_") || name.equals("LANG"));
    builder.environment().putAll(environment);
    try {
      return new Running(List.of(arguments), builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A command under way. */
  static final class Running {
    private final List<String> command;
    private final Process process;
    private final long begin = System.nanoTime();
    private final CompletableFuture<String> firstLine = new CompletableFuture<>();
    private final CompletableFuture<byte[]> output;
    private final CompletableFuture<byte[]> errors;

    private Running(List<String> command, Process process) {
      this.command = command;
      this.process = process;
      this.output = CompletableFuture.supplyAsync(() -> readOutput(process.getInputStream()));
      this.errors = CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()));
    }

    private static byte[] readAll(InputStream stream) {
      try (stream) {
        return stream.readAllBytes();
      } catch (IOException e) {
        return new byte[0]; // the process was ended
      }
    }

    private byte[] readOutput(InputStream stream) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      try (stream) {
        int b = stream.read();
        for (; b >= 0 && b != '\n'; b = stream.read()) {
          all.write(b);
        }
        firstLine.complete(all.toString(StandardCharsets.UTF_8));
        if (b >= 0) {
          all.write(b);
        }
        stream.transferTo(all);
      } catch (IOException e) {
        firstLine.completeExceptionally(e); // the process was ended
      }
      return all.toByteArray();
    }

    /** Waits for the first line of its standard output, while it goes on. */
    String firstLine() {
      return firstLine.orTimeout(AT_MOST.toSeconds(), TimeUnit.SECONDS).join();
    }

    boolean isAlive() {
      return process.isAlive();
    }

    /** SIGINT, as Ctrl-C sends it. */
    void interrupt() {
      try {
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    Outcome await(Duration atMost) {
      try {
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new AssertionError(
              "not ended within " + atMost + ": " + outcome(-1) + "\n(it was ended)");
        }
        return outcome(process.exitValue());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted", e);
      }
    }

    private Outcome outcome(int exitCode) {
      return new Outcome(
          command,
          exitCode,
          output.join(),
          new String(errors.join(), StandardCharsets.UTF_8),
          Duration.ofNanos(System.nanoTime() - begin));
    }
  }
}
