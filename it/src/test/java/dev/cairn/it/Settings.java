package dev.cairn.it;

import java.nio.file.Path;

/** What the build tells the tests, and what a caller may change with {@code -Dit.…}. */
final class Settings {
  private Settings() {}

  static Path root() {
    return Path.of(required("cairn.root")).toAbsolutePath().normalize();
  }

  static Path serverJar() {
    return Path.of(required("cairn.server.jar")).toAbsolutePath().normalize();
  }

  static Path cliJar() {
    return Path.of(required("cairn.cli.jar")).toAbsolutePath().normalize();
  }

  /** The real data that the tour plays on. */
  static Path data() {
    return root().resolve("client/src/main/resources/dev/cairn/client/tour");
  }

  /**
   * Where servers keep their data; what a failed test leaves stays there. {@code -Dit.work} names
   * another place: a file system in memory spares long runs the time of a disk.
   */
  static Path work() {
    String other = System.getProperty("it.work", "");
    return other.isEmpty()
        ? root().resolve("it").resolve("target").resolve("work")
        : Path.of(other).toAbsolutePath().normalize();
  }

  static Path java() {
    return Path.of(System.getProperty("java.home", ""), "bin", "java");
  }

  static int integer(String name, int otherwise) {
    return Integer.getInteger(name, otherwise);
  }

  static long number(String name, long otherwise) {
    return Long.getLong(name, otherwise);
  }

  static boolean flag(String name) {
    return Boolean.getBoolean(name);
  }

  private static String required(String name) {
    String value = System.getProperty(name);
    if (value == null) {
      throw new IllegalStateException("the build sets -D" + name + "; run the tests with Maven");
    }
    return value;
  }
}
