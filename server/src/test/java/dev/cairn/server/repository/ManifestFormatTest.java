package dev.cairn.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cairn.server.repository.Manifest.CollectionEntry;
import dev.cairn.server.repository.Manifest.FileEntry;
import dev.cairn.server.repository.ManifestFormat.BadManifestException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ManifestFormatTest {
  private static final BackupKey KEY = new BackupKey("shop", "b-17");
  private static final Manifest SMALL =
      new Manifest(
          "shop",
          "b-17",
          Instant.parse("2026-02-03T04:05:06.000000007Z"),
          true,
          List.of(new CollectionEntry("books", "B\u00fccher", 12, 3456)),
          List.of(new FileEntry("000008.sst", 1234, Checksum.ofCrc32c(0x0badcafe))));

  /** Files on disks out there look like this; do not adapt it to the code. */
  private static final String SMALL_TEXT =
      """
      {
        "sha256": "SUM",
        "manifest": {
          "formatVersion" : 1,
          "siteId" : "shop",
          "backupId" : "b-17",
          "snapshotTime" : "2026-02-03T04:05:06.000000007Z",
          "whole" : true,
          "collections" : [
            {
              "collectionId" : "books",
              "displayName" : "B\u00fccher",
              "itemCount" : 12,
              "sizeBytes" : 3456
            }
          ],
          "files" : [
            {
              "name" : "000008.sst",
              "sizeBytes" : 1234,
              "checksum" : {
                "algorithm" : "CRC32C",
                "hex" : "0badcafe"
              }
            }
          ]
        }
      }
      """;

  @Test
  void readsTheFormatOnDisk() throws Exception {
    assertThat(ManifestFormat.read(KEY, sealed(SMALL_TEXT))).isEqualTo(SMALL);
  }

  @Test
  void writesWhatItReads() throws Exception {
    byte[] file = ManifestFormat.write(SMALL);

    assertThat(ManifestFormat.read(KEY, file)).isEqualTo(SMALL);
    JsonNode json = new ObjectMapper().readTree(file);
    assertThat(json.at("/manifest/files/0/checksum/hex").textValue()).isEqualTo("0badcafe");
    assertThat(json.at("/manifest/snapshotTime").textValue())
        .isEqualTo("2026-02-03T04:05:06.000000007Z");
    assertThat(new String(file, StandardCharsets.UTF_8)).contains("\n    ").endsWith("\n}\n");
  }

  @Test
  void refusesANewerFormatAndSaysSo() {
    assertThatExceptionOfType(BadManifestException.class)
        .isThrownBy(
            () ->
                ManifestFormat.read(
                    KEY, sealed(SMALL_TEXT.replace("Version\" : 1", "Version\" : 2"))))
        .withMessageContaining("newer server")
        .withMessageContaining("format 2")
        .withMessageContaining("upgrade");
  }

  @Test
  void overlooksFieldsThatItDoesNotKnow() throws Exception {
    String text = SMALL_TEXT.replace("\"whole\" : true", "\"whole\" : true, \"more\" : [1]");

    assertThat(ManifestFormat.read(KEY, sealed(text))).isEqualTo(SMALL);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "000008.sst, ../CURRENT",
        "000008.sst, a/b",
        "000008.sst, a\\\\b",
        "000008.sst, ..",
        "000008.sst, .",
        "000008.sst, a\\u0000b",
        "000008.sst, /etc/passwd",
        "000008.sst, ``",
        "000008.sst, MANIFEST.json",
        "0badcafe, 0BADCAFE",
        "0badcafe, 0badcaf",
        "CRC32C, SHA256",
        "CRC32C, CRC64",
        "`: 1234`, `: -1`",
        "`: 1234`, `: null`",
        "`: 1234`, `: \"x\"`",
        "`\"whole\" : true,`, ``",
        "`: 1,`, `: 0,`",
        "`: 1,`, `: \"1\",`",
        "`\"formatVersion\" : 1,`, ``",
        "`\"siteId\" : \"shop\"`, `\"siteId\" : \"shop2\"`",
        "`\"siteId\" : \"shop\"`, `\"siteId\" : \"shop\", \"siteId\" : \"shop\"`",
        "`\"siteId\" : \"shop\"`, `\"siteId\" : null`",
        "`\"backupId\" : \"b-17\"`, `\"backupId\" : \"b-18\"`",
        "2026-02-03, 2026-02-30",
      })
  void refusesWhatMakesNoSenseThoughTheChecksumIsRight(String good, String bad) {
    assertThat(SMALL_TEXT).contains(good);
    byte[] file = sealed(SMALL_TEXT.replace(good, bad));

    assertThatExceptionOfType(BadManifestException.class)
        .isThrownBy(() -> ManifestFormat.read(KEY, file));
  }

  @Test
  void neitherWritesNorReadsAFileListedTwice() {
    FileEntry file = SMALL.files().get(0);
    String entry = SMALL_TEXT.substring(SMALL_TEXT.indexOf("[\n      {\n        \"name\"") + 1);
    entry = entry.substring(0, entry.indexOf("\n    ]"));
    String twice = SMALL_TEXT.replace(entry, entry + "," + entry);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> ManifestFormat.write(Backups.manifest(KEY, List.of(file, file))))
        .withMessageContaining("000008.sst");
    assertThatExceptionOfType(BadManifestException.class)
        .isThrownBy(() -> ManifestFormat.read(KEY, sealed(twice)));
  }

  @Test
  void refusesRandomDamageOfAnySize() {
    long seed = Long.getLong("cairn.seed", System.nanoTime());
    System.out.println("ManifestFormatTest seed " + seed + " (-Dcairn.seed=" + seed + ")");
    Random random = new Random(seed);
    byte[] whole = ManifestFormat.write(SMALL);
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = whole.clone();
      int from = random.nextInt(whole.length);
      int to = from + 1 + random.nextInt(Math.min(16, whole.length - from));
      for (int i = from; i < to; i++) {
        damaged[i] = (byte) random.nextInt();
      }
      if (Arrays.equals(damaged, whole)) {
        continue;
      }
      assertThatExceptionOfType(BadManifestException.class)
          .as("seed %d, round %d", seed, round)
          .isThrownBy(() -> ManifestFormat.read(KEY, damaged));
    }
  }

  /** The text with the right checksum in it. */
  private static byte[] sealed(String text) {
    String start = "\"manifest\": ";
    String body = text.substring(text.indexOf(start) + start.length(), text.length() - 3);
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.UTF_8));
      return text.replace("SUM", HexFormat.of().formatHex(sum)).getBytes(StandardCharsets.UTF_8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
