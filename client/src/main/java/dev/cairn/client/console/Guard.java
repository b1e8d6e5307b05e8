package dev.cairn.client.console;

import com.sun.net.httpserver.Headers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which requests are looked at at all; the package's tour says against whom. Immutable and
 * thread-safe.
 */
final class Guard {
  /** The header that carries the secret. */
  static final String SECRET_HEADER = "X-Cairn-Session";

  private static final int SECRET_BYTES = 32;
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "[::1]");
  private static final String FROM_THE_LINK =
      "Open the link that the command printed; it holds the key of this session.";

  private final String secret;

  private Guard(String secret) {
    this.secret = secret;
  }

  /** A guard with a secret of its own. */
  static Guard withNewSecret() {
    byte[] random = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(random);
    return new Guard(Base64.getUrlEncoder().withoutPadding().encodeToString(random));
  }

  String secret() {
    return secret;
  }

  /**
   * Accepts a request for a file of the page, which anybody on this machine may read.
   *
   * @throws RefusedException if it is not addressed to this machine
   */
  void checkFile(Headers headers) {
    checkHost(headers);
  }

  /**
   * Accepts a request for data.
   *
   * @throws RefusedException if it does not come from a page of this session
   */
  void checkCall(Headers headers) {
    String host = checkHost(headers);
    List<String> origins = all(headers, "Origin");
    if (origins.size() > 1 || !origins.stream().allMatch(("http://" + host)::equals)) {
      throw new RefusedException(
          403, "The request comes from another page.", "Use the console's own page.");
    }
    List<String> sites = all(headers, "Sec-Fetch-Site");
    if (!sites.stream().allMatch("same-origin"::equals)) {
      throw new RefusedException(
          403, "The request comes from another site.", "Use the console's own page.");
    }
    List<String> secrets = all(headers, SECRET_HEADER);
    if (secrets.size() != 1 || !isSecret(secrets.get(0))) {
      throw new RefusedException(
          401, "The key of this session is missing or is not the right one.", FROM_THE_LINK);
    }
  }

  private static String checkHost(Headers headers) {
    List<String> hosts = all(headers, "Host");
    if (hosts.size() != 1 || !LOOPBACK.contains(withoutPort(hosts.get(0)))) {
      throw new RefusedException(
          421,
          "The console answers only as 127.0.0.1 or localhost.",
          "Open the link that the command printed; from elsewhere through ssh -L.");
    }
    return hosts.get(0);
  }

  private static String withoutPort(String host) {
    return host.replaceFirst(":[0-9]{1,5}$", "");
  }

  /** Takes as long whatever is right of it, so that it cannot be guessed in parts. */
  private boolean isSecret(@Nullable String given) {
    return given != null
        && MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8), secret.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> all(Headers headers, String name) {
    List<String> values = headers.get(name);
    return values == null ? List.of() : values;
  }
}
