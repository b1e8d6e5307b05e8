package dev.cairn.server.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.repository.ManifestFormat.BadManifestException;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;

/** Whatever lies where a manifest should be is one, or refused with words. */
class ManifestFormatFuzzTest {
  private static final BackupKey KEY = new BackupKey("shop", "01j");

  @FuzzTest
  void bytesAreAManifestOrRefused(byte @NotNull [] file) {
    read(file);
  }

  /** With the right envelope around it: nothing but the checks of the content is left. */
  @FuzzTest
  void contentIsAManifestOrRefused(byte @NotNull [] body) {
    MessageDigest digest = Checksum.sha256();
    digest.update(body);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes("{\n  \"sha256\": \"".getBytes(UTF_8));
    file.writeBytes(Checksum.of(digest).hex().getBytes(UTF_8));
    file.writeBytes("\",\n  \"manifest\": ".getBytes(UTF_8));
    file.writeBytes(body);
    file.writeBytes("\n}\n".getBytes(UTF_8));
    read(file.toByteArray());
  }

  private static void read(byte[] file) {
    try {
      Manifest manifest = ManifestFormat.read(KEY, file);
      assertThat(ManifestFormat.read(KEY, ManifestFormat.write(manifest))).isEqualTo(manifest);
    } catch (BadManifestException e) {
      assertThat(e).hasMessageNotContaining("/");
    }
  }
}
