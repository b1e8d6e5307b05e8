package dev.cairn.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The packaged server as a process, on one data directory. It may be stopped or killed and started
 * again; its log grows over all of its lives.
 *
 * <p>Touches no process but the one it started. Confined to one thread, but for {@link #kill}.
 */
final class CairnProcess implements AutoCloseable {
  /** The exit code after SIGTERM, as Java has it. */
  static final int TERMINATED = 143;

  /** A busy machine starts slowly; waiting long costs nothing when all is well. */
  private static final Duration START = Duration.ofSeconds(60);

  private static final Duration STOP = Duration.ofSeconds(60);

  private final Path dataDirectory;
  private final Path log;
  private final Path portFile;
  private final List<String> prefix;
  private final List<String> flags;
  private volatile Process process;
  private int port;
  private Duration startTime = Duration.ZERO;

  private CairnProcess(
      Path dataDirectory, Path log, Path portFile, List<String> prefix, List<String> flags) {
    this.prefix = prefix;
    this.dataDirectory = dataDirectory;
    this.log = log;
    this.portFile = portFile;
    this.flags = flags;
    this.process = launch();
  }

  /**
   * Starts a server and waits until it takes calls.
   *
   * @param directory holds {@code data}, the log and the port file
   */
  static CairnProcess start(Path directory, List<String> flags) {
    CairnProcess server = begin(directory, flags);
    server.awaitReady();
    return server;
  }

  /** Starts a server and does not wait. */
  static CairnProcess begin(Path directory, List<String> flags) {
    return begin(directory, List.of(), flags);
  }

  /**
   * The same by way of another command.
   *
   * @param prefix a command that becomes the one that follows it; empty for none
   */
  static CairnProcess begin(Path directory, List<String> prefix, List<String> flags) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new CairnProcess(
        directory.resolve("data"),
        directory.resolve("server.log"),
        directory.resolve("port"),
        prefix,
        flags);
  }

  /**
   * The command line of a server, without a shell; {@code -X...} and {@code -D...} go to the
   * machine it runs on.
   */
  static List<String> command(List<String> arguments) {
    return command(List.of(), arguments);
  }

  private static List<String> command(List<String> sharing, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Settings.java().toString());
    // Tests start many servers that live for seconds: start quickly, do not compile for the long
    // run.
    command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(sharing);
    arguments.stream().filter(CairnProcess::isForJava).forEach(command::add);
    command.addAll(List.of("-jar", Settings.serverJar().toString()));
    arguments.stream().filter(each -> !isForJava(each)).forEach(command::add);
    return command;
  }

  private static boolean isForJava(String argument) {
    return argument.startsWith("-X") || argument.startsWith("-D");
  }

  private Process launch() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--data.directory=" + dataDirectory,
                "--listen.port=0",
                "--listen.port-file=" + portFile));
    if (flags.stream().noneMatch(flag -> flag.startsWith("--disk.reserve"))) {
      arguments.add("--disk.reserve=0"); // writing it takes longer than most tests
    }
    arguments.addAll(flags);
    List<String> command = new ArrayList<>(prefix);
    boolean archives = arguments.stream().anyMatch(each -> each.startsWith("-XX:ArchiveClasses"));
    command.addAll(command(archives ? List.of() : SharedClasses.flags(), arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(name -> name.startsWith("CAIRN_"));
    try {
      Files.deleteIfExists(portFile);
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void awaitReady() {
    long begin = System.nanoTime();
    Wait.until("the server writes its port file", START, this::readPort);
    startTime = Duration.ofNanos(System.nanoTime() - begin);
  }

  private boolean readPort() {
    if (!process.isAlive()) {
      throw new AssertionError(
          "the server ended with exit code " + process.exitValue() + " at its start:\n" + tail(60));
    }
    try {
      String text = Files.exists(portFile) ? Files.readString(portFile).strip() : "";
      if (text.isEmpty()) {
        return false;
      }
      port = Integer.parseInt(text);
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it again on the same data, after {@link #stop} or {@link #kill}. */
  void restart() {
    if (process.isAlive()) {
      throw new IllegalStateException("the server still runs");
    }
    process = launch();
    awaitReady();
  }

  Path dataDirectory() {
    return dataDirectory;
  }

  int port() {
    return port;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  /** From the launch of the process to the port file. */
  Duration startTime() {
    return startTime;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  Cairn connect() {
    return Cairn.connect(address());
  }

  /** SIGTERM; does not wait. */
  void terminate() {
    process.destroy();
  }

  /** Waits for its end and answers the exit code. */
  int awaitExit(Duration atMost) {
    try {
      if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the server did not end within " + atMost + ":\n" + tail(60));
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** SIGTERM, and its exit code. */
  int stop() {
    terminate();
    return awaitExit(STOP);
  }

  /** SIGKILL: no part of the server runs any more when this returns. Safe to call from anywhere. */
  void kill() {
    Process now = process;
    now.destroyForcibly();
    try {
      if (!now.waitFor(30, TimeUnit.SECONDS)) {
        throw new AssertionError("the kernel did not end process " + now.pid());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** SIGSTOP: it answers nothing more. Returns when all of it stands still. */
  void freeze() {
    signal("-STOP");
    Path state = Path.of("/proc", String.valueOf(pid()), "task");
    Wait.until("the server stands still", Duration.ofSeconds(10), () -> isStopped(state));
  }

  /** SIGCONT: it goes on where it stood still. */
  void thaw() {
    signal("-CONT");
  }

  private void signal(String which) {
    try {
      new ProcessBuilder("kill", which, String.valueOf(pid())).inheritIO().start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isStopped(Path tasks) {
    try (Stream<Path> threads = Files.list(tasks)) {
      return threads.allMatch(thread -> stateOf(thread) == 'T');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** See proc(5): after the name, which is in brackets. */
  private static char stateOf(Path thread) {
    try {
      String stat = Files.readString(thread.resolve("stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return 'T'; // it has ended
    }
  }

  /** All that it wrote, over all of its lives. */
  String log() {
    try {
      return Files.readString(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "(no log: " + e + ")";
    }
  }

  String tail(int lines) {
    List<String> all = log().lines().toList();
    return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      kill();
    }
  }
}
