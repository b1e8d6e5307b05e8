package dev.cairn.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.server.auth.TrustedKeys.TrustedKey;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.security.Key;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.jwt.consumer.JwtContext;
import org.jose4j.jwx.JsonWebStructure;
import org.jose4j.lang.UnresolvableKeyException;
import org.jspecify.annotations.Nullable;

/**
 * Makes callers of their tokens: JSON Web Tokens (RFC 7519) signed with RS256, ES256 or EdDSA by
 * one of the {@link TrustedKeys}, which their header names by {@code kid}. The signatures are
 * jose4j's business. Each key is good for one algorithm, which is never {@code none} or a symmetric
 * one, whatever the header says.
 *
 * <p>Required claims: {@code iss} and {@code aud} as configured, {@code exp}, and {@code sub}, the
 * caller's name. {@code nbf} is obeyed. The permissions are a map from site ids, or {@code *}, to
 * lists of permissions:
 *
 * <pre>{@code
 * "cairn": { "shop": ["items.read", "items.write"], "*": ["backups.list"] }
 * }</pre>
 *
 * <p>Permissions that this version does not know are left out: a token may be for a newer one. A
 * claim of any other shape makes the token invalid.
 *
 * <p>Thread-safe. Tokens that were found good are remembered by their digest, so that a signature
 * is not checked again with each call; a change of the keys forgets them.
 */
public final class Tokens {
  private static final int MAX_TOKEN = 16 * 1024;
  private static final int MAX_NAME = 256;
  private static final int REMEMBERED = 1_000;

  /** The end of the year 9999; later is never, and would not fit into an Instant. */
  private static final long LATEST = 253_402_300_799L;

  /** Three parts: not an encrypted token, and nothing that decoders could read in several ways. */
  private static final Pattern FORM =
      Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*");

  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\p{Cs}\\p{Cn}\\p{Zl}\\p{Zp}]+");

  /** The types that an access token may say to be (RFC 9068); other types are other promises. */
  private static final Set<String> TYPES = Set.of("jwt", "at+jwt", "application/at+jwt");

  private static final AlgorithmConstraints ALGORITHMS =
      new AlgorithmConstraints(
          AlgorithmConstraints.ConstraintType.PERMIT,
          AlgorithmIdentifiers.RSA_USING_SHA256,
          AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
          AlgorithmIdentifiers.EDDSA);

  private final Supplier<TrustedKeys> keys;
  private final Rules rules;
  private final InstantSource clock;

  /** Guarded by itself. */
  private final Map<String, Known> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
          return size() > REMEMBERED;
        }
      };

  private record Known(Caller caller, TrustedKeys keys) {}

  /** What is wrong with a token, for programs. */
  public enum Problem {
    /** There is none. */
    MISSING,
    /** It is no signed token, or of a type that is not accepted. */
    MALFORMED,
    /** No trusted key made its signature. */
    SIGNATURE,
    EXPIRED,
    NOT_YET_VALID,
    ISSUER,
    AUDIENCE,
    /** A claim is missing or has the wrong shape. */
    CLAIMS
  }

  /**
   * What a token must say.
   *
   * @param claim the name of the claim with the permissions
   * @param clockSkew how far the clock of whoever made it may be off
   */
  public record Rules(String issuer, String audience, String claim, Duration clockSkew) {}

  public Tokens(Supplier<TrustedKeys> keys, Rules rules, InstantSource clock) {
    this.keys = keys;
    this.rules = rules;
    this.clock = clock;
  }

  /** The caller with that token, if it was found good before and still is. Quick. */
  public Optional<Caller> remembered(String token) {
    @Nullable Known found;
    synchronized (known) {
      found = known.get(digest(token));
    }
    return found != null && found.keys() == keys.get() && found.caller().expireTime().isAfter(now())
        ? Optional.of(found.caller())
        : Optional.empty();
  }

  /**
   * The caller with that token. Takes up to some milliseconds.
   *
   * @throws ServiceException UNAUTHENTICATED, which says why, but nothing of the token
   */
  public Caller check(String token) {
    if (token.length() > MAX_TOKEN || !FORM.matcher(token).matches()) {
      throw refused(Problem.MALFORMED, "the token is no signed JSON Web Token");
    }
    TrustedKeys trusted = keys.get();
    Caller caller = caller(verified(token, trusted));
    synchronized (known) {
      known.put(digest(token), new Known(caller, trusted));
    }
    return caller;
  }

  /**
   * Why a caller that was found good is so no more; empty if nothing has changed. For streams,
   * which may outlive the token that they were opened with. Quick.
   */
  public Optional<ServiceException> lapse(Caller caller) {
    if (!caller.expireTime().isAfter(now())) {
      return Optional.of(
          refused(Problem.EXPIRED, "the token has expired; get a new one and resume"));
    }
    TrustedKeys trusted = keys.get();
    return caller.vouchedFor().map(trusted::hold).orElse(true)
        ? Optional.empty()
        : Optional.of(
            refused(
                Problem.SIGNATURE,
                "the key of the token is not trusted any more; get a new token and resume"));
  }

  /** What a call without a usable token gets. */
  public static ServiceException refused(Problem problem, String message) {
    return new ServiceException(
        Reason.UNAUTHENTICATED,
        Map.of("problem", problem.name().toLowerCase(Locale.ROOT)),
        message);
  }

  private JwtContext verified(String token, TrustedKeys trusted) {
    try {
      JwtContext context =
          new JwtConsumerBuilder()
              .setJwsAlgorithmConstraints(ALGORITHMS)
              .setVerificationKeyResolver((signature, nesting) -> key(signature, trusted))
              .setExpectedIssuer(rules.issuer())
              .setExpectedAudience(rules.audience())
              .setRequireExpirationTime()
              .setRequireSubject()
              .setEvaluationTime(NumericDate.fromMilliseconds(now().toEpochMilli()))
              .setAllowedClockSkewInSeconds(Math.toIntExact(rules.clockSkew().toSeconds()))
              .build()
              .process(token);
      requireType(context.getJoseObjects());
      return context;
    } catch (InvalidJwtException e) {
      throw refused(e);
    }
  }

  private static Key key(JsonWebSignature signature, TrustedKeys trusted)
      throws UnresolvableKeyException {
    @Nullable String keyId = signature.getKeyIdHeaderValue();
    Optional<TrustedKey> key = keyId == null ? Optional.empty() : trusted.find(keyId);
    if (key.isEmpty() || !key.get().algorithm().equals(signature.getAlgorithmHeaderValue())) {
      throw new UnresolvableKeyException("no trusted key");
    }
    return key.get().key();
  }

  private static void requireType(List<JsonWebStructure> structures) {
    for (JsonWebStructure each : structures) {
      @Nullable Object type = each.getHeaders().getObjectHeaderValue("typ");
      if (type != null
          && !(type instanceof String text && TYPES.contains(text.toLowerCase(Locale.ROOT)))) {
        throw refused(Problem.MALFORMED, "the token is not of the type JWT or at+jwt");
      }
    }
  }

  private ServiceException refused(InvalidJwtException e) {
    if (e.hasErrorCode(ErrorCodes.EXPIRED)) {
      return refused(Problem.EXPIRED, "the token has expired");
    }
    if (e.hasErrorCode(ErrorCodes.NOT_YET_VALID)) {
      return refused(Problem.NOT_YET_VALID, "the token is not valid yet");
    }
    if (e.hasErrorCode(ErrorCodes.ISSUER_INVALID) || e.hasErrorCode(ErrorCodes.ISSUER_MISSING)) {
      return refused(Problem.ISSUER, "the token is not of the issuer that this server trusts");
    }
    if (e.hasErrorCode(ErrorCodes.AUDIENCE_INVALID)
        || e.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
      return refused(Problem.AUDIENCE, "the token is not meant for this server (audience)");
    }
    if (e.hasErrorCode(ErrorCodes.EXPIRATION_MISSING)
        || e.hasErrorCode(ErrorCodes.SUBJECT_MISSING)
        || e.hasErrorCode(ErrorCodes.MALFORMED_CLAIM)) {
      return refused(
          Problem.CLAIMS, "the token lacks exp or sub, or one of its claims is ill-formed");
    }
    if (e.getCause() instanceof UnresolvableKeyException
        || e.hasErrorCode(ErrorCodes.SIGNATURE_INVALID)) {
      return refused(
          Problem.SIGNATURE,
          "the token is not signed with RS256, ES256 or EdDSA by a key that this server trusts");
    }
    return refused(Problem.MALFORMED, "the token cannot be read");
  }

  private Caller caller(JwtContext token) {
    try {
      JwtClaims claims = token.getJwtClaims();
      String name = claims.getSubject();
      if (name.length() > MAX_NAME
          || !NAME.matcher(name).matches()
          || Caller.RESERVED_NAMES.contains(name)) {
        throw refused(Problem.CLAIMS, "the token's sub cannot be used as a name");
      }
      return new Caller(
          name,
          grants(claims.getClaimValue(rules.claim())),
          Instant.ofEpochSecond(Math.min(LATEST, claims.getExpirationTime().getValue()))
              .plus(rules.clockSkew()),
          Optional.of(token.getJoseObjects().get(0).getKey()));
    } catch (MalformedClaimException e) {
      throw refused(Problem.CLAIMS, "a claim of the token is ill-formed");
    }
  }

  private Grants grants(@Nullable Object claim) {
    Map<String, Set<Permission>> bySite = new HashMap<>();
    if (claim != null) {
      if (!(claim instanceof Map<?, ?> map)) {
        throw noGrants();
      }
      map.forEach((site, titles) -> bySite.put(String.valueOf(site), permissions(titles)));
    }
    return new Grants(bySite);
  }

  private Set<Permission> permissions(@Nullable Object titles) {
    if (!(titles instanceof List<?> list)) {
      throw noGrants();
    }
    EnumSet<Permission> permissions = EnumSet.noneOf(Permission.class);
    for (Object title : list) {
      if (!(title instanceof String text)) {
        throw noGrants();
      }
      Permission.of(text).ifPresent(permissions::add);
    }
    return permissions;
  }

  private ServiceException noGrants() {
    return refused(
        Problem.CLAIMS,
        "the token's claim " + rules.claim() + " is no map from site ids to lists of permissions");
  }

  private Instant now() {
    return clock.instant();
  }

  private static String digest(String token) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }
}
