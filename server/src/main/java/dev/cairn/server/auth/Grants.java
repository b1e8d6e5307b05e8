package dev.cairn.server.auth;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The permissions on each site, by its id or {@link #EVERY_SITE}. Immutable.
 *
 * @param bySite what is not in it is not allowed
 */
public record Grants(Map<String, Set<Permission>> bySite) {
  /** In place of an id: all sites, those that do not exist yet included. */
  public static final String EVERY_SITE = "*";

  /** Everything on every site. */
  public static final Grants ALL =
      new Grants(
          Map.of(
              EVERY_SITE,
              Arrays.stream(Permission.values()).collect(Collectors.toUnmodifiableSet())));

  public Grants {
    bySite =
        bySite.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, entry -> Set.copyOf(entry.getValue())));
  }

  /** What is allowed on a site, whether or not it exists. */
  public Set<Permission> on(String siteId) {
    EnumSet<Permission> all = EnumSet.noneOf(Permission.class);
    all.addAll(bySite.getOrDefault(EVERY_SITE, Set.of()));
    all.addAll(bySite.getOrDefault(siteId, Set.of()));
    return all;
  }

  /**
   * The sites on which {@code enough} is allowed.
   *
   * @param enough more permissions never make it false
   * @return empty: every site
   */
  public Optional<Set<String>> sites(Predicate<Set<Permission>> enough) {
    if (enough.test(on(EVERY_SITE))) {
      return Optional.empty();
    }
    return Optional.of(
        bySite.keySet().stream()
            .filter(site -> enough.test(on(site)))
            .collect(Collectors.toUnmodifiableSet()));
  }
}
