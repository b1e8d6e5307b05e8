package dev.cairn.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;

/**
 * An authority that gives out certificates for tests, valid from yesterday to tomorrow. JDK 17
 * reads certificates but has nothing that makes them, so their few fields are written here in DER.
 */
final class Authority {
  private static final byte[] ECDSA_WITH_SHA256 =
      sequence(new byte[] {6, 8, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 4, 3, 2});
  private static final byte[] COMMON_NAME = {6, 3, 0x55, 4, 3};
  private static final byte[] BASIC_CONSTRAINTS = {6, 3, 0x55, 0x1d, 0x13};
  private static final byte[] ALTERNATIVE_NAMES = {6, 3, 0x55, 0x1d, 0x11};
  private static final byte[] TRUE = {1, 1, (byte) 0xff};
  private static final DateTimeFormatter UTC_TIME =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private final String name;
  private final KeyPair keys = keys();
  private long serial = 1;

  Authority(String name) {
    this.name = name;
  }

  /** The authority's own certificate, PEM. */
  String certificate() {
    return pem("CERTIFICATE", certificate(name, keys, true));
  }

  /** A certificate for localhost and its key, PEM. */
  Identity issue(String commonName) {
    KeyPair pair = keys();
    return new Identity(
        pem("CERTIFICATE", certificate(commonName, pair, false)),
        pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
  }

  /** A certificate and its key, PEM. */
  record Identity(String certificate, String privateKey) {
    /** Writes NAME.pem and NAME.key. */
    void write(Path directory, String fileName) {
      Authority.write(directory.resolve(fileName + ".pem"), certificate);
      Authority.write(directory.resolve(fileName + ".key"), privateKey);
    }
  }

  /** Replaces a file at once. */
  static void write(Path file, String text) {
    try {
      Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
      Files.writeString(temporary, text);
      Files.move(temporary, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private byte[] certificate(String subject, KeyPair subjectKeys, boolean authority) {
    byte[] names =
        sequence(der(0x82, "localhost".getBytes(US_ASCII)), der(0x87, new byte[] {127, 0, 0, 1}));
    byte[] extension =
        authority
            ? sequence(BASIC_CONSTRAINTS, TRUE, der(4, sequence(TRUE)))
            : sequence(ALTERNATIVE_NAMES, der(4, names));
    byte[] content =
        sequence(
            der(0xa0, new byte[] {2, 1, 2}),
            new byte[] {2, 1, (byte) serial++},
            ECDSA_WITH_SHA256,
            distinguished(name),
            sequence(time(-1), time(1)),
            distinguished(subject),
            subjectKeys.getPublic().getEncoded(),
            der(0xa3, sequence(extension)));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(content);
      return sequence(
          content, ECDSA_WITH_SHA256, der(3, concatenated(new byte[] {0}, signature.sign())));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] time(int days) {
    Instant then = Instant.now().plusSeconds(days * 86_400L);
    return der(0x17, UTC_TIME.format(then).getBytes(US_ASCII));
  }

  private static byte[] distinguished(String commonName) {
    return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, commonName.getBytes(UTF_8)))));
  }

  private static byte[] sequence(byte[]... parts) {
    return der(0x30, parts);
  }

  private static byte[] der(int tag, byte[]... parts) {
    byte[] content = concatenated(parts);
    int length = content.length;
    byte[] header =
        length < 0x80
            ? new byte[] {(byte) tag, (byte) length}
            : length < 0x100
                ? new byte[] {(byte) tag, (byte) 0x81, (byte) length}
                : new byte[] {(byte) tag, (byte) 0x82, (byte) (length >> 8), (byte) length};
    return concatenated(header, content);
  }

  private static byte[] concatenated(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    List.of(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(type, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), type);
  }
}
