package dev.cairn.server;

import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.Verification;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.telemetry.Telemetry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How old each site's newest verified backup is, as counts of sites: a label for each site would
 * make as many series as there are sites. Looked up by {@link #look}, which reads all records, and
 * shown as it was found then.
 *
 * <p>Thread-safe: what is shown is replaced as a whole.
 */
final class VerifiedAges {
  private static final String OLDER = "older";
  private static final String NEVER = "never";

  /** Upper bounds; a site counts in the first that fits. */
  private static final Map<String, Duration> BOUNDS = bounds();

  private final Sites sites;
  private final Backups backups;
  private final InstantSource clock;
  private volatile Map<String, Integer> found = Map.of();

  VerifiedAges(Sites sites, Backups backups, InstantSource clock, Telemetry telemetry) {
    this.sites = sites;
    this.backups = backups;
    this.clock = clock;
    telemetry.gauges(
        "cairn_sites_by_verified_backup_age",
        "Sites by the age of what their newest verified backup holds; each counts once, in the"
            + " first bound that fits. Looked up every minute.",
        "age",
        each -> found.forEach((age, count) -> each.accept((double) count, age)));
  }

  private static Map<String, Duration> bounds() {
    Map<String, Duration> bounds = new LinkedHashMap<>();
    bounds.put("1d", Duration.ofDays(1));
    bounds.put("8d", Duration.ofDays(8));
    bounds.put("15d", Duration.ofDays(15));
    bounds.put("32d", Duration.ofDays(32));
    return bounds;
  }

  /** Looks at all sites. */
  void look() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    BOUNDS.keySet().forEach(age -> counts.put(age, 0));
    counts.put(OLDER, 0);
    counts.put(NEVER, 0);
    Instant now = clock.instant();
    sites.ids().forEach(site -> counts.merge(age(site, now), 1, Integer::sum));
    found = counts;
  }

  private String age(SiteId site, Instant now) {
    Optional<Instant> newest =
        backups.ready(site).stream()
            .filter(each -> each.verification().state() == Verification.State.VERIFIED)
            .flatMap(each -> each.times().snapshot().stream())
            .max(Instant::compareTo);
    if (newest.isEmpty()) {
      return NEVER;
    }
    Duration age = Duration.between(newest.get(), now);
    return BOUNDS.entrySet().stream()
        .filter(bound -> age.compareTo(bound.getValue()) <= 0)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(OLDER);
  }
}
