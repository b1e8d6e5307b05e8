package dev.cairn.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.Key;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwk.EllipticCurveJsonWebKey;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.Use;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/**
 * The public keys whose signatures count, by their key id: those of a JWK Set (RFC 7517) that are
 * for RS256, ES256 or EdDSA with Ed25519. Keys for other purposes and algorithms are left out.
 * Immutable.
 */
public final class TrustedKeys {
  private static final int LEAST_RSA_BITS = 2048;

  private final Map<String, TrustedKey> byId;

  /**
   * A key and the only algorithm it is good for, so that a token cannot choose another one for it.
   */
  record TrustedKey(Key key, String algorithm) {}

  private TrustedKeys(Map<String, TrustedKey> byId) {
    this.byId = Map.copyOf(byId);
  }

  /**
   * Reads a JWK Set.
   *
   * @throws UnusableFileException when it is none, holds no key that can be used, or holds what
   *     must not be here: private and symmetric keys, weak ones, two of the same id
   */
  public static TrustedKeys parse(byte[] json) throws UnusableFileException {
    Map<String, TrustedKey> keys = new HashMap<>();
    for (Object entry : entries(json)) {
      if (!(entry instanceof Map<?, ?> key)) {
        throw new UnusableFileException("\"keys\" holds something that is no object");
      }
      Map<String, Object> parameters = new HashMap<>();
      key.forEach((name, value) -> parameters.put(String.valueOf(name), value));
      refuseSecrets(parameters);
      Optional<PublicJsonWebKey> usable = usable(parameters);
      if (usable.isPresent() && keys.put(id(usable.get()), trusted(usable.get())) != null) {
        throw new UnusableFileException("the key id " + id(usable.get()) + " is there twice");
      }
    }
    if (keys.isEmpty()) {
      throw new UnusableFileException("it holds no key for RS256, ES256 or EdDSA (Ed25519)");
    }
    return new TrustedKeys(keys);
  }

  /** The key of that id. */
  Optional<TrustedKey> find(String keyId) {
    return Optional.ofNullable(byId.get(keyId));
  }

  /** Whether that key is one of them. */
  boolean hold(Key key) {
    return byId.values().stream().anyMatch(each -> each.key().equals(key));
  }

  private static List<?> entries(byte[] json) throws UnusableFileException {
    try {
      if (JsonUtil.parseJson(new String(json, UTF_8)).get("keys") instanceof List<?> list) {
        return list;
      }
    } catch (JoseException e) {
      throw new UnusableFileException("it is no JSON object", e);
    }
    throw new UnusableFileException("it is no JWK Set: it has no list \"keys\"");
  }

  private static void refuseSecrets(Map<String, Object> key) throws UnusableFileException {
    if ("oct".equals(key.get("kty"))) {
      throw new UnusableFileException(
          "it holds a symmetric key; whoever can check such tokens can make them, so they are never"
              + " accepted");
    }
    if (key.containsKey("d")) {
      throw new UnusableFileException(
          "it holds a private key; give the public ones, and renew this one, it may be known");
    }
  }

  private static Optional<PublicJsonWebKey> usable(Map<String, Object> parameters)
      throws UnusableFileException {
    @Nullable String algorithm = algorithm(parameters);
    @Nullable Object use = parameters.get(JsonWebKey.USE_PARAMETER);
    @Nullable Object wanted = parameters.get(JsonWebKey.ALGORITHM_PARAMETER);
    boolean otherUse = use != null && !use.equals(Use.SIGNATURE);
    if (algorithm == null || otherUse || (wanted != null && !algorithm.equals(wanted))) {
      return Optional.empty();
    }
    try {
      return Optional.of(PublicJsonWebKey.Factory.newPublicJwk(parameters));
    } catch (JoseException e) {
      throw new UnusableFileException("a key in it cannot be read: " + e.getMessage(), e);
    }
  }

  /** What a key is good for, by its type; null if it is of no use here. */
  private static @Nullable String algorithm(Map<String, Object> parameters) {
    @Nullable Object curve = parameters.get(EllipticCurveJsonWebKey.CURVE_MEMBER_NAME);
    String type = String.valueOf(parameters.get(JsonWebKey.KEY_TYPE_PARAMETER));
    return switch (type) {
      case RsaJsonWebKey.KEY_TYPE -> AlgorithmIdentifiers.RSA_USING_SHA256;
      case EllipticCurveJsonWebKey.KEY_TYPE ->
          "P-256".equals(curve) ? AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256 : null;
      case OctetKeyPairJsonWebKey.KEY_TYPE ->
          "Ed25519".equals(curve) ? AlgorithmIdentifiers.EDDSA : null;
      default -> null;
    };
  }

  private static String id(PublicJsonWebKey key) throws UnusableFileException {
    @Nullable String id = key.getKeyId();
    if (id == null || id.isEmpty()) {
      throw new UnusableFileException("a key in it has no key id (kid)");
    }
    return id;
  }

  private static TrustedKey trusted(PublicJsonWebKey key) throws UnusableFileException {
    PublicKey publicKey = key.getPublicKey();
    if (publicKey instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() < LEAST_RSA_BITS) {
      throw new UnusableFileException(
          "the RSA key " + id(key) + " has fewer than " + LEAST_RSA_BITS + " bits");
    }
    String algorithm = algorithm(key.toParams(JsonWebKey.OutputControlLevel.PUBLIC_ONLY));
    if (algorithm == null) {
      throw new UnusableFileException("the key " + id(key) + " is of no use here");
    }
    return new TrustedKey(publicKey, algorithm);
  }
}
