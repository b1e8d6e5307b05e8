package dev.cairn.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.OkpJwkGenerator;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;

/** Signs tokens for tests, with a key of each kind, which are their key ids too. */
public final class TestIssuer {
  public static final String NAME = "https://issuer.example";
  public static final String AUDIENCE = "cairn";
  public static final List<String> ALGORITHMS = List.of("RS256", "ES256", "EdDSA");

  private final Map<String, PublicJsonWebKey> keys = new LinkedHashMap<>();

  public TestIssuer() {
    try {
      keys.put("RS256", RsaJwkGenerator.generateJwk(2048));
      keys.put("ES256", EcJwkGenerator.generateJwk(EllipticCurves.P256));
      keys.put("EdDSA", OkpJwkGenerator.generateJwk(OctetKeyPairJsonWebKey.SUBTYPE_ED25519));
    } catch (JoseException e) {
      throw new AssertionError(e);
    }
    keys.forEach((id, key) -> key.setKeyId(id));
  }

  PublicJsonWebKey key(String algorithm) {
    PublicJsonWebKey key = keys.get(algorithm);
    if (key == null) {
      throw new AssertionError(algorithm);
    }
    return key;
  }

  /** The public keys as a JWK Set. */
  public String keySet() {
    return new JsonWebKeySet(List.copyOf(keys.values()))
        .toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);
  }

  public TrustedKeys trusted() {
    try {
      return TrustedKeys.parse(keySet().getBytes(UTF_8));
    } catch (UnusableFileException e) {
      throw new AssertionError(e);
    }
  }

  /** A good token of {@code subject} for an hour, with permissions as {@code "shop=items.read"}. */
  public String token(String subject, String... permissions) {
    return sign("ES256", claims(subject, Instant.now().plusSeconds(3_600), permissions));
  }

  /** The same until {@code expires}. */
  public String token(String subject, Instant expires, String... permissions) {
    return sign("ES256", claims(subject, expires, permissions));
  }

  static JwtClaims claims(String subject, Instant expires, String... permissions) {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(NAME);
    claims.setAudience(AUDIENCE);
    claims.setSubject(subject);
    claims.setExpirationTime(NumericDate.fromMilliseconds(expires.toEpochMilli()));
    Map<String, List<String>> bySite = new HashMap<>();
    for (String each : permissions) {
      String[] parts = each.split("=", 2);
      bySite
          .computeIfAbsent(parts[0], site -> new ArrayList<>())
          .addAll(Arrays.asList(parts[1].split(",")));
    }
    claims.setClaim("cairn", bySite);
    return claims;
  }

  String sign(String algorithm, JwtClaims claims) {
    return sign(algorithm, claims, signature -> {});
  }

  String sign(String algorithm, JwtClaims claims, Consumer<JsonWebSignature> change) {
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setAlgorithmHeaderValue(algorithm);
    signature.setKeyIdHeaderValue(algorithm);
    if (keys.containsKey(algorithm)) {
      signature.setKey(key(algorithm).getPrivateKey());
    }
    if (algorithm.equals(AlgorithmIdentifiers.NONE)) {
      signature.setAlgorithmConstraints(org.jose4j.jwa.AlgorithmConstraints.NO_CONSTRAINTS);
    }
    change.accept(signature);
    try {
      return signature.getCompactSerialization();
    } catch (JoseException e) {
      throw new AssertionError(e);
    }
  }
}
