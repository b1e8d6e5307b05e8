package dev.cairn.server.auth;

import java.time.Instant;
import java.util.Set;

/**
 * Whoever calls. Immutable.
 *
 * @param name who is named as the creator of backups and restorations, and in the audit log
 * @param expireTime until when this is so
 */
public record Caller(String name, Grants grants, Instant expireTime) {
  /** Names that no token may bear, because the server itself gives them. */
  static final Set<String> RESERVED_NAMES = Set.of("anonymous", "schedule");

  /** Every caller of a server without authentication. */
  public static final Caller ANYONE = new Caller("anonymous", Grants.ALL, Instant.MAX);

  /** What the caller may do on a site. */
  public Set<Permission> on(String siteId) {
    return grants.on(siteId);
  }
}
