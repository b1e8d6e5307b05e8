package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.copyInUse;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreEngine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFilesTest {
  @TempDir Path directory;

  @Test
  void findsEveryFlippedBitOfALog() throws IOException {
    byte[] log = log(12, 30);

    for (int bit = 0; bit < log.length * 8; bit++) {
      assertThat(isDamaged(flip(log, bit))).as("bit %d", bit).isTrue();
    }
  }

  @Test
  void findsFlippedBitsOfALogOfSeveralBlocks() throws IOException {
    byte[] log = log(12, 11_000);
    assertThat(log.length).isGreaterThan(100_000);

    for (int bit = 0; bit < log.length * 8; bit += 997) {
      assertThat(isDamaged(flip(log, bit))).as("bit %d", bit).isTrue();
    }
  }

  @Test
  void findsEveryFlippedBitOfAManifest() throws IOException {
    log(3, 30);
    byte[] manifest = Files.readAllBytes(manifest());

    for (int bit = 0; bit < manifest.length * 8; bit++) {
      assertThat(isDamaged(flip(manifest, bit))).as("bit %d", bit).isTrue();
    }
  }

  @Test
  void acceptsALogThatACrashCutShortAnywhere() throws IOException {
    byte[] log = log(12, 30);

    for (int length = 0; length <= log.length; length++) {
      assertThat(isDamaged(Arrays.copyOf(log, length))).as("length %d", length).isFalse();
    }
  }

  @Test
  void acceptsZerosAtTheEndOnly() throws IOException {
    byte[] log = log(12, 30);

    byte[] padded = Arrays.copyOf(log, 100_000);
    assertThat(isDamaged(padded)).isFalse();

    padded[99_999] = 1;
    assertThat(isDamaged(padded)).isTrue();
  }

  @Test
  void acceptsDatabasesInUse() throws IOException {
    log(40, 9_000);

    assertThatCode(() -> LogFiles.verify(home())).doesNotThrowAnyException();
  }

  /** Makes {@link #home} a copy of an open database with so many commits; returns its log. */
  private byte[] log(int commits, int itemBytes) throws IOException {
    Path open = directory.resolve("open");
    try (StoreEngine engine = TestEngines.small();
        ItemStore store = engine.create(open)) {
      for (int i = 0; i < commits; i++) {
        put(store, CITIES, item("city-" + i, "x".repeat(itemBytes)));
      }
      copyInUse(open, home());
    }
    return Files.readAllBytes(file(".log"));
  }

  private static boolean isDamaged(byte[] log) throws IOException {
    try {
      LogFiles.verify(new ByteArrayInputStream(log));
      return false;
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
      return true;
    }
  }

  private Path home() {
    return directory.resolve("copy");
  }

  private Path manifest() throws IOException {
    return home().resolve(Files.readString(home().resolve("CURRENT")).strip());
  }

  private Path file(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(home())) {
      return files.filter(file -> file.toString().endsWith(suffix)).findFirst().orElseThrow();
    }
  }

  private static byte[] flip(byte[] bytes, int bit) {
    byte[] flipped = bytes.clone();
    flipped[bit / 8] ^= (byte) (1 << (bit % 8));
    return flipped;
  }
}
