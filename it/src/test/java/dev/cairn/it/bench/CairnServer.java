package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The packaged server in a process of its own, as an operator starts it. */
final class CairnServer implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);

  private static final Pattern METRICS = Pattern.compile("metrics on [0-9.]+:([0-9]+)");

  private final Path directory;
  private final Process process;
  private final int port;
  private final Duration startTime;

  private CairnServer(Path directory, Process process, int port, Duration startTime) {
    this.directory = directory;
    this.process = process;
    this.port = port;
    this.startTime = startTime;
  }

  /** Starts a server on what {@code directory} holds and waits until it takes calls. */
  static CairnServer start(BenchSettings settings, Path directory, String... flags)
      throws IOException {
    return start(command -> command, settings, directory, flags);
  }

  /** The same on the core of whoever is measured. */
  static CairnServer start(Cores cores, BenchSettings settings, Path directory, String... flags)
      throws IOException {
    return start(cores::measured, settings, directory, flags);
  }

  private static CairnServer start(
      UnaryOperator<List<String>> whole, BenchSettings settings, Path directory, String... flags)
      throws IOException {
    Files.createDirectories(directory);
    Path portFile = directory.resolve("port");
    Files.deleteIfExists(portFile);
    List<String> command = new ArrayList<>(List.of(BenchSettings.java()));
    command.addAll(settings.serverJvm());
    command.addAll(List.of("-jar", settings.serverJar().toString()));
    command.add("--data.directory=" + directory.resolve("data"));
    command.add("--listen.port=0");
    command.add("--listen.port-file=" + portFile);
    command.addAll(List.of(flags));
    long begin = System.nanoTime();
    Process process =
        new ProcessBuilder(whole.apply(command))
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("server.log").toFile()))
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    while (!Files.exists(portFile) || Files.size(portFile) == 0) {
      if (!process.isAlive() || System.nanoTime() - begin > START.toNanos()) {
        process.destroyForcibly();
        throw new IOException("the server does not start; see " + directory + "/server.log");
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw Processes.interrupted(e);
      }
    }
    Duration startTime = Duration.ofNanos(System.nanoTime() - begin);
    int port = Integer.parseInt(Files.readString(portFile).strip());
    return new CairnServer(directory, process, port, startTime);
  }

  /** From the launch of the process until it takes calls. */
  Duration startTime() {
    return startTime;
  }

  int port() {
    return port;
  }

  /** How long calls of {@code method} took so far; the server needs an {@code admin.port}. */
  CallTimes callTimes(String method) throws IOException {
    int adminPort =
        Files.readAllLines(directory.resolve("server.log")).stream()
            .map(METRICS::matcher)
            .filter(Matcher::find)
            .mapToInt(found -> Integer.parseInt(found.group(1)))
            .findFirst()
            .orElseThrow(() -> new IOException("the server shows no metrics"));
    return CallTimes.of(adminPort, method);
  }

  /** Waits until the server's log says so. */
  void awaitLogged(String text, Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    while (!Files.readString(directory.resolve("server.log")).contains(text)) {
      if (System.nanoTime() > end) {
        throw new IOException("the server does not log: " + text);
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }

  CairnClient connect() {
    return CairnClient.builder("127.0.0.1:" + port).deadline(Duration.ofMinutes(5)).build();
  }

  Path backupDirectory(String siteId, String backupId) {
    return directory.resolve("data/backups").resolve(siteId).resolve(backupId);
  }

  /** Bytes of Java objects that are in use, after a collection of garbage. */
  long heapBytes() throws IOException {
    String java = BenchSettings.java();
    String jcmd = java.substring(0, java.length() - "java".length()) + "jcmd";
    String histogram =
        Processes.output(List.of(jcmd, Long.toString(process.pid()), "GC.class_histogram"));
    return histogram
        .lines()
        .filter(line -> line.startsWith("Total"))
        .map(line -> line.strip().split(" +", -1)[2])
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow(() -> new IOException("jcmd answers no histogram: " + histogram));
  }

  double processorMicros() {
    return Processes.processorMicros(process);
  }

  /** Bytes that it has had written to disk so far. */
  long writtenBytes() throws IOException {
    return procFigure("io", "write_bytes");
  }

  /** Memory of the process that lies in RAM. */
  long residentBytes() throws IOException {
    return procFigure("status", "VmRSS") << 10;
  }

  private long procFigure(String file, String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/" + file)).stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() {
    Processes.end(process);
  }
}
