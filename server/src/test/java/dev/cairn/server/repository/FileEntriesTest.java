package dev.cairn.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.Manifest.FileEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileEntriesTest {
  /** The check values of the two algorithms for this text are widely published. */
  private static final String TEXT = "123456789";

  private static final String CRC32C = "e3069283";
  private static final String SHA256 =
      "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";

  @TempDir Path directory;

  @Test
  void takesTheChecksumThatTheEngineKnowsWithoutReading() throws IOException {
    Path file = write("000008.sst");

    assertThat(FileEntries.of(file, OptionalInt.of(0xabc)))
        .isEqualTo(new FileEntry("000008.sst", 9, Checksum.ofCrc32c(0xabc)));
  }

  @Test
  void readsTablesForTheirCrc32c() throws IOException {
    assertThat(FileEntries.of(write("000008.sst"), OptionalInt.empty()))
        .isEqualTo(new FileEntry("000008.sst", 9, new Checksum(Checksum.Algorithm.CRC32C, CRC32C)));
  }

  @Test
  void readsEverythingElseForItsSha256() throws IOException {
    assertThat(FileEntries.of(write("CURRENT"), OptionalInt.empty()))
        .isEqualTo(new FileEntry("CURRENT", 9, new Checksum(Checksum.Algorithm.SHA256, SHA256)));
  }

  @Test
  void readsInChunks() throws IOException {
    Path file = directory.resolve("large");
    Files.write(file, new byte[(128 << 10) + 1]);
    long[] seen = {0, 0};

    FileEntry entry =
        FileEntries.read(
            file,
            Checksum.Algorithm.SHA256,
            bytes -> {
              seen[0] += bytes;
              seen[1]++;
            });

    assertThat(entry.sizeBytes()).isEqualTo((128 << 10) + 1);
    assertThat(seen).containsExactly((128 << 10) + 1, 2);
  }

  @Test
  void saysWhichFileCannotBeRead() {
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(() -> FileEntries.of(directory.resolve("none"), OptionalInt.empty()))
        .withMessageContaining("none")
        .matches(e -> e.reason() == Reason.STORAGE_FAILED)
        .matches(e -> !String.valueOf(e.getMessage()).contains("/"));
  }

  private Path write(String name) throws IOException {
    Path file = directory.resolve(name);
    Files.write(file, TEXT.getBytes(StandardCharsets.US_ASCII));
    return file;
  }
}
