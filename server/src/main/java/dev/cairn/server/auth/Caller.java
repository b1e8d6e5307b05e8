package dev.cairn.server.auth;

import java.security.Key;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * Whoever calls. Immutable.
 *
 * @param name who is named as the creator of backups and restorations, and in the audit log
 * @param expireTime until when this is so
 * @param vouchedFor by this key; empty: nobody has to
 */
public record Caller(String name, Grants grants, Instant expireTime, Optional<Key> vouchedFor) {
  /** Names that no token may bear, because the server itself gives them. */
  static final Set<String> RESERVED_NAMES = Set.of("anonymous", "schedule");

  /** Every caller of a server without authentication. */
  public static final Caller ANYONE =
      new Caller("anonymous", Grants.ALL, Instant.MAX, Optional.empty());

  /** What the caller may do on a site. */
  public Set<Permission> on(String siteId) {
    return grants.on(siteId);
  }
}
