package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.into;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.store.StoredItem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Clones, small enough to be broken off at each of their steps. */
enum CloneScenario {
  /** The new site is a copy of the backup's database. */
  WHOLE {
    @Override
    List<Restorations.Selection> selections() {
      return List.of();
    }

    @Override
    Map<String, List<StoredItem>> expected(Map<String, List<StoredItem>> backup) {
      return backup;
    }
  },
  /** Two of three collections are copied, one of them under another name. */
  PART {
    @Override
    List<Restorations.Selection> selections() {
      return List.of(into("books", "books", ""), into("films", "copy", "A copy"));
    }

    @Override
    Map<String, List<StoredItem>> expected(Map<String, List<StoredItem>> backup) {
      return new TreeMap<>(Map.of("books", backup.get("books"), "copy", backup.get("films")));
    }
  };

  static final SiteId COPY = new SiteId("shop-copy");

  abstract List<Restorations.Selection> selections();

  /** What the new site holds, made of what the backup holds. */
  abstract Map<String, List<StoredItem>> expected(Map<String, List<StoredItem>> backup);

  /** A site with a backup, changed since. */
  static BackupId prepare(ServerUnderTest server) {
    server.createSite();
    server.fill("books", 20, "old");
    server.fill("films", 10, "old");
    server.fill("games", 5, "old");
    BackupId backup = server.backup();
    server.saveAll("books", 25, "now");
    server.deleteCollection("films");
    return backup;
  }

  RestorationRecord run(ServerUnderTest server) {
    return server.start(wish(Scenario.backup(server)));
  }

  private Restorations.Request wish(BackupId backup) {
    return new Restorations.Request(
        SITE,
        backup,
        selections(),
        Optional.of(COPY),
        VerificationMode.CHECKSUMS,
        false,
        Optional.empty(),
        "tester",
        Optional.empty());
  }

  /** Asserts that the new site is there, whole and usable. */
  void assertMade(ServerUnderTest server) {
    BackupId backup = Scenario.backup(server);
    assertThat(server.siteIds()).containsExactly(SITE.value(), COPY.value());
    assertThat(server.content(COPY)).isEqualTo(expected(server.contentOf(backup)));
    assertThat(server.sites.collections(COPY).all())
        .allMatch(record -> record.fields().isEmpty() && record.views().isEmpty());
    server.assertFilesAreClean(COPY);
    assertThat(server.siteFolders()).containsExactly(SITE.value(), COPY.value());
  }

  /** Asserts that nothing is left of the new site, and that its name can be used in both ways. */
  void assertNothingMade(ServerUnderTest server) {
    assertThat(server.siteIds()).containsExactly(SITE.value());
    assertThat(server.siteFolders()).containsExactly(SITE.value());
    SiteRecord made = server.sites.create(COPY, "Made by hand", Map.of(), Optional.empty());
    assertThat(made.displayName()).isEqualTo("Made by hand");
    assertThat(server.content(COPY)).isEmpty();
    server.sites.delete(COPY, true);
    completed(run(server));
    assertMade(server);
  }

  /** Back to the source alone. */
  static void removeCopy(ServerUnderTest server) {
    server.sites.delete(COPY, true);
    assertThat(server.siteFolders()).containsExactly(SITE.value());
  }
}
