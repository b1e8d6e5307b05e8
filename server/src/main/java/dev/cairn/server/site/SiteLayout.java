package dev.cairn.server.site;

import java.nio.file.Path;

/**
 * Where things lie in the data directory.
 *
 * <pre>
 * LOCK                           one server per data directory
 * catalog/                       the catalog database
 * MARK-&lt;number&gt;                  how far the catalog has come
 * sites/&lt;site&gt;/CURRENT           which generation is live
 * sites/&lt;site&gt;/gen-000007/       its database
 * sites/&lt;site&gt;/gen-000008.tmp/   being staged; swept at start
 * sites/&lt;site&gt;/sandbox/          SANDBOX content
 * sites/&lt;site&gt;/staging/          files in work of a restoration; swept at start
 * sites/&lt;site&gt;/resettling/       the same, of a large collection that gets a place of its own
 * backups/&lt;site&gt;/&lt;backup&gt;/       checkpoint files and MANIFEST.json
 * </pre>
 */
public record SiteLayout(Path root) {
  static final String CURRENT = "CURRENT";
  static final String SANDBOX = "sandbox";
  static final String STAGING = "staging";
  static final String RESETTLING = "resettling";
  static final String GENERATION_PREFIX = "gen-";
  private static final int DIGITS = 6;

  public Path lock() {
    return root.resolve("LOCK");
  }

  public Path catalog() {
    return root.resolve("catalog");
  }

  public Path backups() {
    return root.resolve("backups");
  }

  public Path sites() {
    return root.resolve("sites");
  }

  /** Everything of a site but its backups. */
  public Path site(SiteId id) {
    return sites().resolve(id.value());
  }

  Path current(SiteId id) {
    return site(id).resolve(CURRENT);
  }

  Path generation(SiteId id, long number) {
    return site(id).resolve(generationName(number));
  }

  public Path sandbox(SiteId id) {
    return site(id).resolve(SANDBOX);
  }

  /** Where a restoration may keep files in work, on the same file system as the content. */
  public Path staging(SiteId id) {
    return site(id).resolve(STAGING);
  }

  /** Where a collection on its way to another place has its files in work. */
  Path resettling(SiteId id) {
    return site(id).resolve(RESETTLING);
  }

  static String generationName(long number) {
    // Not by a formatter: a start asks for the name of every site's generation.
    String digits = Long.toString(number);
    return GENERATION_PREFIX + "0".repeat(Math.max(0, DIGITS - digits.length())) + digits;
  }
}
