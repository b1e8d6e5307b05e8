package dev.cairn.client.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A server of one's own: a child process with a fresh directory and a free port on the loopback
 * interface. Closing stops that process, gracefully if it lets itself, and removes the directory;
 * it may be closed by another thread, too.
 */
final class TourServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(15);
  private static final long POLL_MILLIS = 20;
  private static final int LOG_LINES = 15;

  private final Process process;
  private final Path directory;
  private final int port;
  private boolean graceful = true;
  private boolean kept;

  private TourServer(Process process, Path directory, int port) {
    this.process = process;
    this.directory = directory;
    this.port = port;
  }

  /** The server's jar, where the build puts it beside the jar that runs now; null if it is not. */
  static @Nullable Path besideThisJar() {
    try {
      Path jar =
          Path.of(TourServer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path server = jar.resolveSibling("../../server/target/cairn-server.jar").normalize();
      return Files.isRegularFile(jar) && Files.isRegularFile(server) ? server : null;
    } catch (URISyntaxException e) {
      return null;
    }
  }

  /** Starts a server and waits until it listens. */
  static TourServer start(Path jar) throws IOException {
    Path directory = Files.createTempDirectory("cairn-tour-");
    Path portFile = directory.resolve("port");
    Path log = directory.resolve("server.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // What the server unpacks for itself goes with the directory.
                "-Djava.io.tmpdir=" + Files.createDirectory(directory.resolve("tmp")),
                "-jar",
                jar.toString(),
                "--data.directory=" + directory.resolve("data"),
                "--listen.address=127.0.0.1",
                "--listen.port=0",
                "--listen.port-file=" + portFile)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    // Settings of other servers must not reach this one.
    builder.environment().keySet().removeIf(name -> name.startsWith("CAIRN_"));
    Process process = builder.start();
    boolean listens = false;
    try {
      process.getOutputStream().close();
      int port = awaitPort(process, portFile, log);
      listens = true;
      return new TourServer(process, directory, port);
    } finally {
      if (!listens) {
        var unused = stop(process);
        delete(directory);
      }
    }
  }

  private static int awaitPort(Process process, Path portFile, Path log) throws IOException {
    long end = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < end) {
      try {
        String text = Files.readString(portFile, StandardCharsets.US_ASCII).strip();
        if (!text.isEmpty()) {
          return Integer.parseInt(text);
        }
      } catch (NoSuchFileException notYet) {
        // The file appears when the server listens.
      }
      try {
        if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new IOException(
              "The server ended with code " + process.exitValue() + ":\n" + tail(log));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("Interrupted while the server started.", e);
      }
    }
    throw new IOException(
        "The server did not listen within " + START.toSeconds() + " s:\n" + tail(log));
  }

  private static String tail(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  Path directory() {
    return directory;
  }

  /** From now on the directory stays, for whoever wants to know what went wrong. */
  synchronized void keepDirectory() {
    kept = true;
  }

  /** Stops the process and removes the directory; returns whether it ended when it was asked to. */
  synchronized boolean stop() {
    graceful &= stop(process);
    if (!kept) {
      delete(directory);
    }
    return graceful;
  }

  @Override
  public void close() {
    var unused = stop();
  }

  /** Asks a process to end, and ends it if it does not; returns whether it did. */
  private static boolean stop(Process process) {
    process.destroy();
    try {
      if (process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
        return true;
      }
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private static void delete(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
                throws IOException {
              Files.delete(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
