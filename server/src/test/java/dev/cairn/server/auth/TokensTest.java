package dev.cairn.server.auth;

import static dev.cairn.server.auth.TestIssuer.claims;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jose4j.jwk.OkpJwkGenerator;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.HmacKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
  private static final Instant NOW = Instant.parse("2026-05-05T12:00:00Z");
  private static final Instant LATER = NOW.plusSeconds(600);
  private static final TestIssuer ISSUER = new TestIssuer();

  private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  private final AtomicReference<TrustedKeys> keys = new AtomicReference<>(ISSUER.trusted());
  private final Tokens tokens =
      new Tokens(
          keys::get,
          new Tokens.Rules(TestIssuer.NAME, TestIssuer.AUDIENCE, "cairn", Duration.ofSeconds(30)),
          now::get);

  static List<String> algorithms() {
    return TestIssuer.ALGORITHMS;
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void knowsTheCallerOfAGoodToken(String algorithm) {
    String token =
        ISSUER.sign(
            algorithm, claims("ada", LATER, "shop=items.read,items.write", "*=backups.list"));

    Caller caller = tokens.check(token);

    assertThat(caller.name()).isEqualTo("ada");
    assertThat(caller.on("shop"))
        .containsExactlyInAnyOrder(
            Permission.READ_ITEMS, Permission.WRITE_ITEMS, Permission.LIST_BACKUPS);
    assertThat(caller.on("other")).containsExactly(Permission.LIST_BACKUPS);
    assertThat(caller.expireTime()).isEqualTo(LATER.plusSeconds(30));
    assertThat(tokens.remembered(token)).contains(caller);
  }

  @Test
  void knowsWhenACallerIsGoodNoMore() {
    Caller caller = tokens.check(ISSUER.sign("RS256", claims("ada", LATER)));
    assertThat(tokens.lapse(caller)).isEmpty();

    keys.set(new TestIssuer().trusted()); // other keys with the same ids
    assertThat(tokens.lapse(caller)).hasValueSatisfying(e -> assertProblem(e, "signature"));

    keys.set(ISSUER.trusted()); // read again: equal, not the same
    assertThat(tokens.lapse(caller)).isEmpty();

    now.set(LATER.plusSeconds(29));
    assertThat(tokens.lapse(caller)).isEmpty();
    now.set(LATER.plusSeconds(30));
    assertThat(tokens.lapse(caller)).hasValueSatisfying(e -> assertProblem(e, "expired"));
    assertThat(tokens.lapse(Caller.ANYONE)).isEmpty();
  }

  private static void assertProblem(ServiceException refusal, String problem) {
    assertThat(refusal.reason()).isEqualTo(Reason.UNAUTHENTICATED);
    assertThat(refusal.metadata()).containsEntry("problem", problem);
  }

  @ParameterizedTest
  @ValueSource(strings = {"JWT", "jwt", "at+jwt", "application/at+jwt"})
  void acceptsTheTypesOfAccessTokens(String type) {
    String token = ISSUER.sign("ES256", claims("ada", LATER), each -> each.setHeader("typ", type));

    assertThat(tokens.check(token).name()).isEqualTo("ada");
  }

  @Test
  void acceptsOneOfSeveralAudiences() {
    JwtClaims claims = claims("ada", LATER);
    claims.setAudience("other", TestIssuer.AUDIENCE);

    assertThat(tokens.check(ISSUER.sign("EdDSA", claims)).name()).isEqualTo("ada");
  }

  @Test
  void withoutTheClaimNothingIsAllowed() {
    JwtClaims claims = claims("ada", LATER);
    claims.unsetClaim("cairn");

    assertThat(tokens.check(ISSUER.sign("ES256", claims)).grants()).isEqualTo(new Grants(Map.of()));
  }

  @Test
  void leavesOutPermissionsThatItDoesNotKnow() {
    Caller caller =
        tokens.check(
            ISSUER.sign("ES256", claims("ada", LATER, "shop=items.read,items.fold,*,ADMINISTER")));

    assertThat(caller.on("shop")).isEqualTo(Set.of(Permission.READ_ITEMS));
  }

  /** A way to be wrong, and what is said about it. */
  record Wrong(String name, Tokens.Problem problem, String token) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Wrong> wrong() throws Exception {
    PublicJsonWebKey stranger = OkpJwkGenerator.generateJwk("Ed25519");
    stranger.setKeyId("stranger");
    String good = ISSUER.sign("ES256", claims("ada", LATER));
    String[] parts = good.split("\\.");
    String other = ISSUER.sign("ES256", claims("eve", LATER, "*=backups.restore")).split("\\.")[1];
    byte[] publicKey = ISSUER.key("RS256").getPublicKey().getEncoded();
    byte[] publicJwk = ISSUER.key("RS256").toJson().getBytes(UTF_8);
    return Stream.of(
        new Wrong("empty", Tokens.Problem.MALFORMED, ""),
        new Wrong("words", Tokens.Problem.MALFORMED, "let me in"),
        new Wrong("two parts", Tokens.Problem.MALFORMED, parts[0] + "." + parts[1]),
        new Wrong("four parts", Tokens.Problem.MALFORMED, good + ".AAAA"),
        new Wrong("encrypted form", Tokens.Problem.MALFORMED, good + ".AAAA.AAAA"),
        new Wrong("padded", Tokens.Problem.MALFORMED, good + "="),
        new Wrong("header is no JSON", Tokens.Problem.MALFORMED, "AAAA." + parts[1] + ".AAAA"),
        new Wrong("huge", Tokens.Problem.MALFORMED, parts[0] + "." + "A".repeat(20_000) + ".AA"),
        new Wrong("no signature", Tokens.Problem.SIGNATURE, parts[0] + "." + parts[1] + "."),
        new Wrong(
            "other claims", Tokens.Problem.SIGNATURE, parts[0] + "." + other + "." + parts[2]),
        new Wrong(
            "zero signature",
            Tokens.Problem.SIGNATURE,
            parts[0] + "." + parts[1] + "." + encoded(new byte[64])),
        new Wrong("expired", Tokens.Problem.EXPIRED, sign(claims -> expires(claims, -31))),
        new Wrong(
            "not yet",
            Tokens.Problem.NOT_YET_VALID,
            sign(
                claims -> claims.setNotBefore(NumericDate.fromSeconds(NOW.getEpochSecond() + 31)))),
        new Wrong("no expiry", Tokens.Problem.CLAIMS, sign(claims -> claims.unsetClaim("exp"))),
        new Wrong(
            "expiry as text",
            Tokens.Problem.CLAIMS,
            sign(claims -> claims.setClaim("exp", "2030-01-01"))),
        new Wrong(
            "other issuer",
            Tokens.Problem.ISSUER,
            sign(claims -> claims.setIssuer("https://issuer.example.evil"))),
        new Wrong("no issuer", Tokens.Problem.ISSUER, sign(claims -> claims.unsetClaim("iss"))),
        new Wrong(
            "other audience",
            Tokens.Problem.AUDIENCE,
            sign(claims -> claims.setAudience("cairn2"))),
        new Wrong("no audience", Tokens.Problem.AUDIENCE, sign(claims -> claims.unsetClaim("aud"))),
        new Wrong("nobody", Tokens.Problem.CLAIMS, sign(claims -> claims.unsetClaim("sub"))),
        new Wrong("empty name", Tokens.Problem.CLAIMS, sign(claims -> claims.setSubject(""))),
        new Wrong(
            "name with a line break",
            Tokens.Problem.CLAIMS,
            sign(claims -> claims.setSubject("ada\nwho=root"))),
        new Wrong("name of the server", Tokens.Problem.CLAIMS, sign(c -> c.setSubject("schedule"))),
        new Wrong(
            "permissions as a list",
            Tokens.Problem.CLAIMS,
            sign(claims -> claims.setClaim("cairn", List.of("backups.restore")))),
        new Wrong(
            "permissions as text",
            Tokens.Problem.CLAIMS,
            sign(claims -> claims.setClaim("cairn", Map.of("shop", "backups.restore")))),
        new Wrong(
            "permissions as numbers",
            Tokens.Problem.CLAIMS,
            sign(claims -> claims.setClaim("cairn", Map.of("shop", List.of(1))))),
        new Wrong(
            "unknown key",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign("ES256", claims("ada", LATER), each -> each.setKeyIdHeaderValue("x"))),
        new Wrong(
            "no key id",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign(
                "ES256",
                claims("ada", LATER),
                each -> each.getHeaders().setObjectHeaderValue("kid", null))),
        new Wrong(
            "key of another kind",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign("ES256", claims("ada", LATER), each -> each.setKeyIdHeaderValue("RS256"))),
        new Wrong(
            "own key in the header",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign(
                "EdDSA",
                claims("ada", LATER),
                each -> {
                  each.setJwkHeader(stranger);
                  each.setKeyIdHeaderValue("EdDSA");
                  each.setKey(stranger.getPrivateKey());
                })),
        new Wrong(
            "none",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign(AlgorithmIdentifiers.NONE, claims("ada", LATER))),
        new Wrong(
            "none in capitals",
            Tokens.Problem.SIGNATURE,
            encoded("{\"alg\":\"NONE\",\"kid\":\"ES256\"}") + "." + parts[1] + "."),
        new Wrong("HMAC with the public key", Tokens.Problem.SIGNATURE, hmac(publicKey)),
        new Wrong("HMAC with the public JWK", Tokens.Problem.SIGNATURE, hmac(publicJwk)),
        new Wrong(
            "RS512",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign(
                "RS256", claims("ada", LATER), each -> each.setAlgorithmHeaderValue("RS512"))),
        new Wrong(
            "PS256",
            Tokens.Problem.SIGNATURE,
            ISSUER.sign(
                "RS256", claims("ada", LATER), each -> each.setAlgorithmHeaderValue("PS256"))),
        new Wrong(
            "type of a logout",
            Tokens.Problem.MALFORMED,
            ISSUER.sign(
                "ES256", claims("ada", LATER), each -> each.setHeader("typ", "logout+jwt"))),
        new Wrong(
            "critical header that is not known",
            Tokens.Problem.MALFORMED,
            ISSUER.sign(
                "ES256",
                claims("ada", LATER),
                each -> {
                  each.setHeader("lunar", "full");
                  each.setCriticalHeaderNames("lunar");
                })));
  }

  private static String sign(Consumer<JwtClaims> change) {
    JwtClaims claims = claims("ada", LATER);
    change.accept(claims);
    return ISSUER.sign("ES256", claims);
  }

  private static void expires(JwtClaims claims, long seconds) {
    claims.setExpirationTime(NumericDate.fromSeconds(NOW.getEpochSecond() + seconds));
  }

  private static String hmac(byte[] secret) {
    return ISSUER.sign(
        AlgorithmIdentifiers.HMAC_SHA256,
        claims("ada", LATER),
        each -> {
          each.setKeyIdHeaderValue("RS256");
          each.setKey(new HmacKey(secret));
        });
  }

  private static String encoded(String text) {
    return encoded(text.getBytes(UTF_8));
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void refusesAWrongToken(Wrong wrong) {
    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> tokens.check(wrong.token()));

    assertThat(refusal).isNotNull();
    assertThat(refusal.reason()).isEqualTo(Reason.UNAUTHENTICATED);
    assertThat(refusal.metadata())
        .containsExactly(
            Map.entry("problem", wrong.problem().name().toLowerCase(java.util.Locale.ROOT)));
    assertThat(refusal.getCause()).isNull();
    for (String part : wrong.token().split("\\.")) {
      if (part.length() > 8) {
        assertThat(refusal.getMessage()).doesNotContain(part);
      }
    }
    assertThat(tokens.remembered(wrong.token())).isEmpty();
  }

  @Test
  void clocksMayDifferALittle() {
    JwtClaims old = claims("ada", NOW.minusSeconds(29));
    JwtClaims early = claims("eve", LATER);
    early.setNotBefore(NumericDate.fromSeconds(NOW.getEpochSecond() + 29));

    assertThat(tokens.check(ISSUER.sign("ES256", old)).name()).isEqualTo("ada");
    assertThat(tokens.check(ISSUER.sign("ES256", early)).name()).isEqualTo("eve");
  }

  @Test
  void timesBeyondAllTimesAreEndless() {
    String token =
        sign(claims -> claims.setExpirationTime(NumericDate.fromSeconds(Long.MAX_VALUE)));

    assertThat(tokens.check(token).name()).isEqualTo("ada");
  }

  @Test
  void whatWasGoodIsNotRememberedBeyondItsTime() {
    String token = ISSUER.sign("ES256", claims("ada", LATER));
    tokens.check(token);

    now.set(LATER.plusSeconds(29));
    assertThat(tokens.remembered(token)).isPresent();
    now.set(LATER.plusSeconds(30));
    assertThat(tokens.remembered(token)).isEmpty();
    assertThat(catchThrowableOfType(ServiceException.class, () -> tokens.check(token)).metadata())
        .containsEntry("problem", "expired");
  }

  @Test
  void otherKeysForgetWhatWasGood() {
    String token = ISSUER.sign("ES256", claims("ada", LATER));
    tokens.check(token);
    TestIssuer next = new TestIssuer();

    keys.set(next.trusted());

    assertThat(tokens.remembered(token)).isEmpty();
    assertThat(catchThrowableOfType(ServiceException.class, () -> tokens.check(token)).metadata())
        .containsEntry("problem", "signature");
    assertThat(tokens.check(next.sign("ES256", claims("ada", LATER))).name()).isEqualTo("ada");
  }

  @Test
  void remembersABoundedNumber() {
    String first = ISSUER.sign("ES256", claims("caller", LATER));
    tokens.check(first);
    for (int i = 0; i < 1_000; i++) {
      tokens.check(ISSUER.sign("ES256", claims("caller" + i, LATER)));
    }

    assertThat(tokens.remembered(first)).isEmpty();
    assertThat(tokens.check(first).name()).isEqualTo("caller");
  }

  @Test
  void keySetsWithSecretsOrWithoutUseAreRefused() throws Exception {
    assertThat(refusal("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"a\"}]}"))
        .contains("symmetric");
    assertThat(
            refusal(
                "{\"keys\":["
                    + ISSUER
                        .key("ES256")
                        .toJson(org.jose4j.jwk.JsonWebKey.OutputControlLevel.INCLUDE_PRIVATE)
                    + "]}"))
        .contains("private");
    assertThat(refusal("{\"keys\":[]}")).contains("no key");
    assertThat(refusal("[]")).contains("JSON object");
    assertThat(refusal("{}")).contains("JWK Set");
    assertThat(refusal("{\"keys\":[1]}")).contains("no object");
    assertThat(
            refusal(
                "{\"keys\":["
                    + ISSUER.key("ES256").toJson().replace("\"kid\":\"ES256\",", "")
                    + "]}"))
        .contains("kid");
    String one = ISSUER.key("ES256").toJson();
    assertThat(refusal("{\"keys\":[" + one + "," + one + "]}")).contains("twice");
    PublicJsonWebKey weak = RsaJwkGenerator.generateJwk(1024);
    weak.setKeyId("weak");
    assertThat(refusal("{\"keys\":[" + weak.toJson() + "]}")).contains("2048");
    assertThat(refusal("{\"keys\":[" + one.replace("\"kty\"", "\"use\":\"enc\",\"kty\"") + "]}"))
        .contains("no key");
  }

  private static String refusal(String keySet) {
    UnusableFileException refusal =
        catchThrowableOfType(
            UnusableFileException.class, () -> TrustedKeys.parse(keySet.getBytes(UTF_8)));
    assertThat(refusal).as(keySet).isNotNull();
    return String.valueOf(refusal.getMessage());
  }
}
