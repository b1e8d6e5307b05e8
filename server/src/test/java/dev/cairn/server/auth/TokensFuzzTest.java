package dev.cairn.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

/** Whatever comes as a token is refused, or makes a caller whose name and time are in bounds. */
class TokensFuzzTest {
  private static final TestIssuer ISSUER = new TestIssuer();
  private static final TrustedKeys TRUSTED = ISSUER.trusted();
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final PrivateKey KEY = ISSUER.key("EdDSA").getPrivateKey();

  /** What nobody signed makes no caller. */
  @FuzzTest
  void textIsRefused(@NotNull String token) {
    assertThat(caller(token)).isEmpty();
  }

  /** What nobody signed, in the form of a token. */
  @FuzzTest
  void partsAreRefused(
      byte @NotNull [] header, byte @NotNull [] claims, byte @NotNull [] signature) {
    assertThat(caller(base64(header) + "." + base64(claims) + "." + base64(signature))).isEmpty();
  }

  /** Whoever may sign may say anything, and is refused in words or understood. */
  @FuzzTest
  void signedClaimsMakeACallerOrAreRefused(@NotNull String claims) {
    caller(signed("{\"alg\":\"EdDSA\",\"kid\":\"EdDSA\"}", claims)).ifPresent(this::check);
  }

  /** Only one header that a key signs with is good for it, and none for a critical extension. */
  @FuzzTest
  void signedHeaderIsUnderstoodOrRefused(@NotNull String header) {
    String claims =
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"anna\",\"exp\":%d}"
            .formatted(
                TestIssuer.NAME, TestIssuer.AUDIENCE, NOW.plusSeconds(3_600).getEpochSecond());
    caller(signed(header, claims))
        .ifPresent(
            caller -> {
              check(caller);
              assertThat(header).contains("EdDSA").doesNotContain("\"crit\"");
            });
  }

  private void check(Caller caller) {
    assertThat(caller.name()).isNotEmpty().hasSizeLessThanOrEqualTo(256);
    assertThat(caller.expireTime()).isAfter(NOW);
  }

  private static Optional<Caller> caller(String token) {
    Tokens tokens =
        new Tokens(
            () -> TRUSTED,
            new Tokens.Rules(TestIssuer.NAME, TestIssuer.AUDIENCE, "cairn", Duration.ofSeconds(30)),
            () -> NOW);
    try {
      return Optional.of(tokens.check(token));
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.UNAUTHENTICATED);
      return Optional.empty();
    }
  }

  private static String signed(String header, String claims) {
    String content = base64(header.getBytes(UTF_8)) + "." + base64(claims.getBytes(UTF_8));
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(KEY);
      signature.update(content.getBytes(UTF_8));
      return content + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
