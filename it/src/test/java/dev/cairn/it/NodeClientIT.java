package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A client in JavaScript, from the {@code .proto} files alone: a site's whole story, with imports,
 * watches and errors. Skipped where Node or its packages cannot be had.
 */
class NodeClientIT {
  @RegisterExtension final Servers servers = new Servers();

  private record Run(int exitCode, String output) {}

  @Test
  void aClientFromTheContractAlonePlaysTheWholeStory() throws IOException {
    assumeThat(run(Path.of("."), Duration.ofSeconds(20), "node", "--version").exitCode())
        .as("Node is not installed")
        .isZero();
    Path packages = packages();
    Path directory = servers.directory();
    copyProtos(directory.resolve("proto"));
    Path story = directory.resolve("story.js");
    Files.copy(Settings.root().resolve("it/src/test/resources/story.js"), story);
    CairnProcess server = servers.start();

    Run played =
        run(
            packages,
            Duration.ofMinutes(2),
            "node",
            story.toString(),
            directory.resolve("proto").toString(),
            server.address());
    assertThat(played.exitCode()).as(played.output()).isZero();
    assertThat(played.output()).contains("the story ended well");
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.count("node", "animals")).isEqualTo(1_000);
    }
  }

  /** Installed once and kept beside the build's other products. */
  private static Path packages() throws IOException {
    Path directory = Settings.root().resolve("it/target/node");
    if (Files.isDirectory(directory.resolve("node_modules/@grpc/grpc-js"))) {
      return directory;
    }
    Files.createDirectories(directory);
    Files.copy(
        Settings.root().resolve("it/src/test/resources/package.json"),
        directory.resolve("package.json"),
        StandardCopyOption.REPLACE_EXISTING);
    Run installed =
        run(
            directory,
            Duration.ofMinutes(2),
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-retries=1",
            "--fetch-timeout=30000");
    assumeThat(installed.exitCode())
        .as("the packages cannot be installed: " + installed.output())
        .isZero();
    return directory;
  }

  private static void copyProtos(Path target) throws IOException {
    Path source = Settings.root().resolve("proto/src/main/protobuf");
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".proto")).toList()) {
        Path copy = target.resolve(source.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
  }

  private static Run run(Path directory, Duration atMost, String... command) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(List.of(command))
              .directory(directory.toAbsolutePath().toFile())
              .redirectErrorStream(true);
      builder
          .environment()
          .put("NODE_PATH", directory.resolve("node_modules").toAbsolutePath().toString());
      Process process = builder.start();
      CompletableFuture<byte[]> output =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return process.getInputStream().readAllBytes();
                } catch (IOException e) {
                  return new byte[0];
                }
              });
      if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        return new Run(
            -1,
            "not ended within "
                + atMost
                + ": "
                + new String(output.join(), StandardCharsets.UTF_8));
      }
      return new Run(process.exitValue(), new String(output.join(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      return new Run(-1, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
