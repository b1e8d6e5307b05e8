package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A language that the polyglot story is told in: a folder with the scripts {@code build} and {@code
 * run}, as the module's README describes them.
 *
 * <p>Immutable. What is built stays beside the build's other products until the contract or the
 * folder changes.
 */
record Language(String name) {
  /** What {@code build} ends with where a tool is missing. */
  private static final int TOOL_MISSING = 77;

  private static final int BUILD_MINUTES = 10;

  static List<Language> all() {
    try (Stream<Path> folders = Files.list(folder())) {
      return folders
          .filter(Files::isDirectory)
          .map(each -> new Language(String.valueOf(each.getFileName())))
          .sorted((a, b) -> a.name.compareTo(b.name))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path folder() {
    return Settings.root().resolve("it/src/test/polyglot");
  }

  private static Path products() {
    return Settings.root().resolve("it/target/polyglot");
  }

  /** Generates and compiles the client; answers what is missing, if something is. */
  Optional<String> build() {
    try {
      Path protos = Protos.copiedTo(products().resolve("proto"));
      Path stamp = products().resolve(name + ".built");
      String inputs = digest(protos, folder().resolve(name), folder().resolve("tools"));
      if (Files.exists(stamp) && Files.readString(stamp).equals(inputs)) {
        return Optional.empty();
      }
      Files.deleteIfExists(stamp);
      Servers.deleteTree(out());
      Files.createDirectories(out());
      Path log = products().resolve(name + "-build.log");
      Process process =
          builder("build").redirectErrorStream(true).redirectOutput(log.toFile()).start();
      if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError(name + ": not built within " + BUILD_MINUTES + " minutes");
      }
      if (process.exitValue() == TOOL_MISSING) {
        List<String> lines = Files.readAllLines(log);
        return Optional.of(lines.isEmpty() ? "a tool" : lines.get(lines.size() - 1));
      }
      assertThat(process.exitValue()).as("%s: %s", name, Files.readString(log)).isZero();
      Files.writeString(stamp, inputs);
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Starts the client that {@link #build} made. */
  PolyglotClient start(Map<String, String> environment) {
    Path errors = products().resolve(name + "-errors.log");
    ProcessBuilder builder = builder("run").redirectError(errors.toFile());
    builder.environment().putAll(environment);
    return new PolyglotClient(builder, errors);
  }

  /** A script of the language, in the products' directory; its environment names the places. */
  ProcessBuilder builder(String script) {
    ProcessBuilder builder =
        new ProcessBuilder(folder().resolve(name).resolve(script).toString())
            .directory(out().toFile());
    Map<String, String> environment = builder.environment();
    environment.put("PROTOS", products().resolve("proto").toString());
    environment.put("OUT", out().toString());
    environment.put("SHARED", shared().toString());
    return builder;
  }

  /** What builds install once, npm's packages: in a directory for each language. */
  Path shared() {
    return products().resolve("shared");
  }

  private Path out() {
    return products().resolve(name);
  }

  private static String digest(Path... inputs) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path input : inputs) {
        try (Stream<Path> files = Files.walk(input)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            digest.update(file.toString().getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(file));
          }
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
