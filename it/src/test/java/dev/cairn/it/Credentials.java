package dev.cairn.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;

/**
 * What a server needs to be called over TLS with tokens, made anew for a test: a certificate for
 * loopback, and the key of an issuer of tokens. Immutable.
 *
 * @param certificate PEM; clients trust it as its own authority
 * @param privateKey PEM
 * @param keys the issuer's public key, a JWK Set
 */
record Credentials(Path certificate, Path privateKey, Path keys, KeyPair issuer) {
  static final String ISSUER = "https://issuer.example";
  private static final char[] PASSWORD = "password".toCharArray();

  static Credentials in(Path directory) throws IOException, InterruptedException {
    try {
      Path store = directory.resolve("server.p12");
      keytool(store);
      KeyStore keyStore = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(store)) {
        keyStore.load(in, PASSWORD);
      }
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair issuer = generator.generateKeyPair();
      return new Credentials(
          pem(directory, "CERTIFICATE", keyStore.getCertificate("server").getEncoded()),
          pem(directory, "PRIVATE KEY", keyStore.getKey("server", PASSWORD).getEncoded()),
          Files.writeString(directory.resolve("keys.json"), keySet(issuer)),
          issuer);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static void keytool(Path store) throws IOException, InterruptedException {
    String[] command = {
      Settings.java().resolveSibling("keytool").toString(),
      "-genkeypair",
      "-keystore",
      store.toString(),
      "-storepass",
      new String(PASSWORD),
      "-alias",
      "server",
      "-keyalg",
      "EC",
      "-groupname",
      "secp256r1",
      "-dname",
      "CN=cairn",
      "-validity",
      "2",
      "-ext",
      "san=dns:localhost,ip:127.0.0.1"
    };
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static Path pem(Path directory, String type, byte[] der) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return Files.writeString(
        directory.resolve(type.replace(' ', '-') + ".pem"),
        "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, text, type));
  }

  private static String keySet(KeyPair pair) {
    ECPublicKey key = (ECPublicKey) pair.getPublic();
    return """
    {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": "%s", "y": "%s"}]}
    """
        .formatted(coordinate(key.getW().getAffineX()), coordinate(key.getW().getAffineY()));
  }

  private static String coordinate(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] exact = new byte[32];
    int length = Math.min(bytes.length, exact.length);
    System.arraycopy(bytes, bytes.length - length, exact, exact.length - length, length);
    return encoded(exact);
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** A token for an hour. */
  String token(String subject, String siteId, String... permissions) {
    String header = "{\"alg\": \"ES256\", \"kid\": \"1\", \"typ\": \"JWT\"}";
    String list = "\"" + String.join("\", \"", Arrays.asList(permissions)) + "\"";
    String claims =
        """
        {"iss": "%s", "aud": "cairn", "sub": "%s", "exp": %d, "cairn": {"%s": [%s]}}
        """
            .formatted(ISSUER, subject, Instant.now().getEpochSecond() + 3_600, siteId, list);
    String signed = encoded(header.getBytes(UTF_8)) + "." + encoded(claims.getBytes(UTF_8));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(issuer.getPrivate());
      signature.update(signed.getBytes(UTF_8));
      return signed + "." + encoded(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
