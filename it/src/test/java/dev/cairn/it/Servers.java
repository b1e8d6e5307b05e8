package dev.cairn.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts servers for a test and ends them after it, whatever happened. In a static field they live
 * for the whole class. When a test failed, it prints the ends of the servers' logs and leaves their
 * directories.
 */
final class Servers
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private static final int SHOWN_LINES = 40;
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Set<CairnProcess> ALL = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> ALL.forEach(CairnProcess::close), "end-servers"));
  }

  private final List<CairnProcess> servers = new CopyOnWriteArrayList<>();
  private final List<Path> directories = new CopyOnWriteArrayList<>();
  private String name = "servers";
  private boolean perClass;
  private boolean failed;

  /** A server on fresh data, ready to be called. */
  CairnProcess start(String... flags) {
    return startIn(directory(), flags);
  }

  /** A server with its data in {@code directory}, ready to be called. */
  CairnProcess startIn(Path directory, String... flags) {
    return begun(CairnProcess.begin(directory, List.of(), List.of(flags)));
  }

  /** The same, started by the command {@code prefix}. */
  CairnProcess startIn(Path directory, List<String> prefix, String... flags) {
    return begun(CairnProcess.begin(directory, prefix, List.of(flags)));
  }

  private CairnProcess begun(CairnProcess server) {
    servers.add(server);
    ALL.add(server);
    server.awaitReady();
    return server;
  }

  /** A server on fresh data, started by the command {@code prefix}, ready to be called. */
  CairnProcess startWith(List<String> prefix, List<String> flags) {
    return begun(CairnProcess.begin(directory(), prefix, flags));
  }

  /** A server that is shared by the tests of a class; started when there is none. */
  CairnProcess any() {
    return servers.isEmpty() ? start() : servers.get(0);
  }

  /** The server that was started last. */
  CairnProcess last() {
    return servers.get(servers.size() - 1);
  }

  /** A directory of the test's own, removed after it if it passes. */
  Path directory() {
    Path directory = Settings.work().resolve(name + "-" + NUMBER.incrementAndGet());
    deleteTree(directory);
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    directories.add(directory);
    return directory;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    perClass = true;
    name = context.getRequiredTestClass().getSimpleName();
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    if (!perClass) {
      name = context.getRequiredTestClass().getSimpleName();
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      failed = true;
      servers.forEach(Servers::show);
    }
    if (!perClass) {
      end();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    end();
  }

  /** Ends those that still run, before the end of the test. */
  void close() {
    servers.forEach(CairnProcess::close);
  }

  private static void show(CairnProcess server) {
    System.out.println("---- the end of the log of the server on " + server.dataDirectory());
    System.out.println(server.tail(SHOWN_LINES));
    System.out.println("----");
  }

  private void end() {
    close();
    servers.forEach(ALL::remove);
    servers.clear();
    if (!failed) {
      directories.forEach(Servers::deleteTree);
    }
    directories.clear();
    failed = false;
  }

  static void deleteTree(Path directory) {
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
            public FileVisitResult postVisitDirectory(
                Path dir, @org.jspecify.annotations.Nullable IOException e) throws IOException {
              Files.delete(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
