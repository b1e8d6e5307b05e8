package dev.cairn.it;

import com.google.rpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The {@code .proto} files that a client is generated from. */
final class Protos {
  private static final List<String> ERRORS =
      List.of("google/rpc/status.proto", "google/rpc/error_details.proto");

  private Protos() {}

  static Path contract() {
    return Settings.root().resolve("proto/src/main/protobuf");
  }

  /** Copies the contract and the two files of the errors' details; leaves equal files alone. */
  static Path copiedTo(Path target) throws IOException {
    try (Stream<Path> files = Files.walk(contract())) {
      for (Path file : files.filter(each -> each.toString().endsWith(".proto")).toList()) {
        write(target.resolve(contract().relativize(file).toString()), Files.readAllBytes(file));
      }
    }
    for (String name : ERRORS) {
      try (InputStream in = Status.class.getResourceAsStream("/" + name)) {
        write(target.resolve(name), Objects.requireNonNull(in, name).readAllBytes());
      }
    }
    return target;
  }

  private static void write(Path file, byte[] content) throws IOException {
    if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), content)) {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    }
  }
}
