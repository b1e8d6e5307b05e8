package dev.cairn.server.repository;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * A manifest as the bytes of {@value #FILE_NAME}.
 *
 * <pre>{@code
 * {
 *   "sha256": "<64 lower-case hexadecimal digits>",
 *   "manifest": {
 *     "formatVersion": 1,
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>The file is JSON, but it is not read as JSON until it was checked as bytes: everything outside
 * the object {@code manifest} must be as shown, byte for byte, and the SHA-256 is that of the
 * object's exact bytes, from its first brace to its last. No byte is left unprotected, so one
 * flipped bit, a missing tail or something appended is refused wherever it is. To check one by
 * hand: {@code tail -c +97 MANIFEST.json | head -c -3 | sha256sum}.
 *
 * <p>The envelope never changes. {@code formatVersion} is raised when an older server must not read
 * what a newer one wrote; a field that an older server may overlook needs no new version.
 */
public final class ManifestFormat {
  /** What the file is called. */
  public static final String FILE_NAME = "MANIFEST.json";

  /** The version written, and the newest that is read. */
  static final int VERSION = 1;

  private static final String VERSION_FIELD = "formatVersion";
  private static final byte[] BEFORE_SUM = ascii("{\n  \"sha256\": \"");
  private static final int SUM_LENGTH = 64;
  private static final byte[] BEFORE_BODY = ascii("\",\n  \"manifest\": ");
  private static final byte[] AFTER_BODY = ascii("\n}\n");
  private static final int BODY_START = BEFORE_SUM.length + SUM_LENGTH + BEFORE_BODY.length;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build();

  private ManifestFormat() {}

  /**
   * The bytes of the file.
   *
   * @throws IllegalArgumentException if a file is named twice or bears the manifest's name
   */
  public static byte[] write(Manifest manifest) {
    requireDistinctFiles(manifest);
    byte[] body = body(manifest);
    return concat(BEFORE_SUM, ascii(sha256(body)), BEFORE_BODY, body, AFTER_BODY);
  }

  /**
   * Reads what {@link #write} wrote for {@code key}.
   *
   * @throws BadManifestException for anything else, with a reason that a caller may see
   */
  public static Manifest read(BackupKey key, byte[] file) throws BadManifestException {
    byte[] body = checkedBody(file);
    try {
      if (!(JSON.readTree(body) instanceof ObjectNode fields)) {
        throw new BadManifestException("it holds no manifest");
      }
      requireKnownVersion(fields.path(VERSION_FIELD));
      Manifest manifest = JSON.treeToValue(fields, Manifest.class);
      requireDistinctFiles(manifest);
      if (!key.equals(keyOf(manifest))) {
        throw new BadManifestException("it is that of another backup");
      }
      return manifest;
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new BadManifestException("it is complete but makes no sense", e);
    } catch (IOException e) {
      throw new BadManifestException("it cannot be parsed", e);
    }
  }

  /**
   * The backup a manifest speaks of.
   *
   * @throws IllegalArgumentException if its ids make no key
   */
  public static BackupKey keyOf(Manifest manifest) {
    return new BackupKey(manifest.siteId(), manifest.backupId());
  }

  private static byte[] checkedBody(byte[] file) throws BadManifestException {
    int bodyEnd = file.length - AFTER_BODY.length;
    if (bodyEnd < BODY_START
        || !holdsAt(file, 0, BEFORE_SUM)
        || !holdsAt(file, BEFORE_SUM.length + SUM_LENGTH, BEFORE_BODY)
        || !holdsAt(file, bodyEnd, AFTER_BODY)) {
      throw new BadManifestException("it is cut off or is no manifest");
    }
    byte[] body = Arrays.copyOfRange(file, BODY_START, bodyEnd);
    if (!holdsAt(file, BEFORE_SUM.length, ascii(sha256(body)))) {
      throw new BadManifestException("its checksum does not match");
    }
    return body;
  }

  private static void requireKnownVersion(JsonNode version) throws BadManifestException {
    if (!version.canConvertToInt() || version.intValue() < 1) {
      throw new BadManifestException("its format version is missing");
    }
    if (version.intValue() > VERSION) {
      throw new BadManifestException(
          "a newer server wrote it (format "
              + version.intValue()
              + ", this server reads up to "
              + VERSION
              + "); upgrade this server to use it");
    }
  }

  private static void requireDistinctFiles(Manifest manifest) {
    Set<String> names = new HashSet<>();
    names.add(FILE_NAME);
    for (Manifest.FileEntry file : manifest.files()) {
      if (!names.add(file.name())) {
        throw new IllegalArgumentException("file listed twice: " + file.name());
      }
    }
  }

  private static byte[] body(Manifest manifest) {
    ObjectNode fields = JSON.createObjectNode().put(VERSION_FIELD, VERSION);
    fields.setAll((ObjectNode) JSON.valueToTree(manifest));
    try {
      return writer().writeValueAsBytes(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the manifest cannot be written as JSON", e);
    }
  }

  private static ObjectWriter writer() {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    return JSON.writer(
        new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines));
  }

  private static String sha256(byte[] bytes) {
    MessageDigest digest = Checksum.sha256();
    digest.update(bytes);
    return Checksum.of(digest).hex();
  }

  private static boolean holdsAt(byte[] bytes, int position, byte[] expected) {
    return Arrays.equals(bytes, position, position + expected.length, expected, 0, expected.length);
  }

  private static byte[] concat(byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    byte[] all = new byte[length];
    int position = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, position, part.length);
      position += part.length;
    }
    return all;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** The bytes are not a manifest; the message says why, without any path. */
  public static final class BadManifestException extends Exception {
    private static final long serialVersionUID = 1L;

    BadManifestException(String message) {
      super(message);
    }

    BadManifestException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
