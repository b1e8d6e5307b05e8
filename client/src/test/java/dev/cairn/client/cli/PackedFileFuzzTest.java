package dev.cairn.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.client.jsonl.BadLineException;
import dev.cairn.client.jsonl.ItemReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/** Whatever a packed file of items holds: items, bad lines, or words about the file. */
class PackedFileFuzzTest {
  private static final int BROKEN = -1;
  private static final Path FILE = temporary();

  @FuzzTest
  void anyBytesEnd(byte @NotNull [] bytes) throws IOException {
    read(bytes);
  }

  /** A sound beginning, and then anything: cut, damaged, or followed by what is no gzip. */
  @FuzzTest
  void damageIsNoticed(byte @NotNull [] content, int cut, int at, byte flip) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    byte[] whole = out.toByteArray();
    int sound = read(whole);
    byte[] damaged = Arrays.copyOf(whole, Math.floorMod(cut, whole.length + 1));
    if (damaged.length > 0) {
      damaged[Math.floorMod(at, damaged.length)] ^= flip;
    }
    if (damaged.length < whole.length) {
      assertThat(read(damaged)).as("a file that was cut").isEqualTo(BROKEN);
    }
    assertThat(sound).isGreaterThanOrEqualTo(0);
  }

  /** How many items, or that the file is said to be broken. */
  private static int read(byte[] bytes) throws IOException {
    java.nio.file.Files.write(FILE, bytes);
    int items = 0;
    try (Files.Source source = Files.open(FILE.toString(), terminal());
        ItemReader reader = new ItemReader(source.content(), ItemReader.Format.DOCUMENTS)) {
      for (int lines = 0; lines <= 1 << 20; lines++) {
        try {
          if (!reader.hasNext()) {
            return items;
          }
          reader.next();
          items++;
        } catch (BadLineException e) {
          assertThat(e).hasMessageMatching("(?s).+");
        }
      }
      return items;
    } catch (IOException e) {
      assertThat(Files.describe(e)).isNotBlank().doesNotContain("null");
      return BROKEN;
    } catch (UncheckedIOException e) {
      IOException cause = Objects.requireNonNull(e.getCause());
      assertThat(Files.describe(cause)).isNotBlank().doesNotContain("null");
      return BROKEN;
    }
  }

  private static Terminal terminal() {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    return new Terminal(InputStream.nullInputStream(), nowhere, nowhere, false, false);
  }

  private static Path temporary() {
    try {
      Path file = java.nio.file.Files.createTempFile("cairn-packed", ".gz");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
