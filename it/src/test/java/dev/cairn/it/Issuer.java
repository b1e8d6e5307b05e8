package dev.cairn.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Signs tokens with Ed25519, as somebody would whom a server trusts. */
final class Issuer {
  static final String NAME = "https://issuer.example";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final KeyPair keys;

  Issuer() {
    try {
      keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** The public key as a JWK Set. */
  String keySet() {
    byte[] encoded = keys.getPublic().getEncoded(); // the key is the end of what X.509 says of it
    byte[] raw = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
    return json(
        Map.of(
            "keys",
            List.of(Map.of("kty", "OKP", "crv", "Ed25519", "kid", "it", "x", encoded(raw)))));
  }

  /** A token with permissions by site id. */
  String token(String subject, Duration validFor, Map<String, List<String>> permissions) {
    return token(
        Map.of("alg", "EdDSA", "kid", "it"),
        Map.of(
            "iss", NAME,
            "aud", "cairn",
            "sub", subject,
            "exp", Instant.now().plus(validFor).getEpochSecond(),
            "cairn", permissions));
  }

  /** Any token, signed. */
  String token(Map<String, Object> header, Map<String, Object> claims) {
    String content =
        encoded(json(header).getBytes(UTF_8)) + "." + encoded(json(claims).getBytes(UTF_8));
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(keys.getPrivate());
      signature.update(content.getBytes(UTF_8));
      return content + "." + encoded(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
