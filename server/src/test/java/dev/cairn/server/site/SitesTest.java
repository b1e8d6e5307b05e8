package dev.cairn.server.site;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class SitesTest {
  private static final Optional<RequestId> NO_REQUEST = Optional.empty();

  @TempDir Path directory;
  private Installation server;

  @BeforeEach
  void open() {
    server = Installation.open(directory.resolve("data"));
  }

  @AfterEach
  void close() {
    server.close();
  }

  // Creating and finding

  @Test
  void createdSiteIsFoundAlsoAfterReopening() {
    SiteRecord made = server.sites.create(SITE, "Site", Map.of("a", "b"), NO_REQUEST);

    assertThat(server.sites.get(SITE)).isEqualTo(made);
    assertThat(made.createTime()).isEqualTo(server.clock.instant());
    server = server.reopen();
    assertThat(server.sites.get(SITE)).isEqualTo(made);
    assertThat(server.sites.collections(SITE).size()).isZero();
    assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000001");
  }

  @Test
  void siteThatIsNotThereIsNotFoundByAnything() {
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.collections(SITE));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.lease(SITE, Environment.LIVE));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.exclusively(SITE, section -> 1));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.delete(SITE, true));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.items.truncate(live(CITIES)));
  }

  @Test
  void secondSiteOfTheSameNameIsRefused() {
    server.withSite();

    assertFails(
        Reason.SITE_ALREADY_EXISTS, () -> server.sites.create(SITE, "", Map.of(), NO_REQUEST));
  }

  @Test
  void repeatedRequestAnswersTheSiteAgainAndAnotherOneConflicts() {
    Optional<RequestId> request = Optional.of(new RequestId("r1", "same"));
    SiteRecord first = server.sites.create(SITE, "one", Map.of(), request);
    server.clock.advance(Duration.ofHours(1));

    assertThat(server.sites.create(SITE, "one", Map.of(), request)).isEqualTo(first);
    assertFails(
        Reason.REQUEST_ID_CONFLICT,
        () ->
            server.sites.create(SITE, "two", Map.of(), Optional.of(new RequestId("r1", "other"))));
    assertFails(
        Reason.SITE_ALREADY_EXISTS,
        () -> server.sites.create(SITE, "one", Map.of(), Optional.of(new RequestId("r2", "same"))));
  }

  @Test
  void manyRequestIdsAreForgottenWhateverTheirNumber() {
    server.catalog.apply(
        transaction -> {
          for (int i = 0; i < 450; i++) {
            Instant time = i == 310 ? server.clock.instant() : Instant.EPOCH;
            RequestRecord.put(
                transaction, SITE, Optional.of(new RequestId("r" + i, "same")), "it", time);
          }
          return Boolean.TRUE;
        });

    assertThat(server.sites.purgeRequests(server.clock.instant())).isEqualTo(449);

    assertThat(server.catalog.keys(RequestRecord.ALL)).singleElement().asString().endsWith("r310");
  }

  @Test
  void requestIdsAreForgottenWhenTheyAreOld() {
    Optional<RequestId> request = Optional.of(new RequestId("r1", "same"));
    server.sites.create(SITE, "", Map.of(), request);
    server.clock.advance(Duration.ofHours(24));
    server.collections.create(
        SITE, CITIES, Collections.Description.NONE, Optional.of(new RequestId("r2", "x")));

    assertThat(server.sites.purgeRequests(server.clock.instant())).isEqualTo(1);

    assertFails(Reason.SITE_ALREADY_EXISTS, () -> server.sites.create(SITE, "", Map.of(), request));
    assertFails(
        Reason.REQUEST_ID_CONFLICT,
        () ->
            server.collections.create(
                SITE, CITIES, Collections.Description.NONE, Optional.of(new RequestId("r2", "y"))));
  }

  @Test
  void listsByPrefixInPages() {
    for (String name : List.of("b2", "a1", "b1", "b3", "c", "B1")) {
      server.sites.create(new SiteId(name), "", Map.of(), NO_REQUEST);
    }

    assertThat(list("", "", 10)).containsExactly("B1", "a1", "b1", "b2", "b3", "c");
    assertThat(list("b", "", 2)).containsExactly("b1", "b2");
    assertThat(list("b", "b2", 2)).containsExactly("b3");
    assertThat(list("b", "a9", 1)).containsExactly("b1");
    assertThat(list("", "c", 5)).isEmpty();
    assertThat(list("", "", 0)).isEmpty();
    assertThat(server.sites.count("b")).isEqualTo(3);
    assertThat(server.sites.count("")).isEqualTo(6);
  }

  private List<String> list(String prefix, String after, int limit) {
    return server.sites.list(prefix, after, limit).stream().map(each -> each.id().value()).toList();
  }

  @Test
  void creationThatFailsAtAnyStepLeavesNoSiteAndCanBeRepeated() {
    for (int step = 0; step < 50; step++) {
      Path root = directory.resolve("fail" + step);
      Steps steps = new Steps();
      try (Installation failing =
          Installation.open(root, Installation.Options.defaults().with(steps))) {
        steps.failAt(step);
        @Nullable Throwable failure =
            catchThrowable(() -> failing.sites.create(SITE, "", Map.of(), NO_REQUEST));
        steps.heal();
        if (failure == null) {
          assertThat(step).isGreaterThan(5);
          return;
        }
        assertFails(Reason.SITE_NOT_FOUND, () -> failing.sites.get(SITE));
        try (Installation restarted =
            failing.afterCrash(directory.resolve("fail" + step + "-copy"))) {
          assertThat(Installation.names(restarted.layout.sites())).isEmpty();
        }
        failing.withSite(CITIES).save(live(CITIES), "rome", "{}");
        assertThat(failing.content(live(CITIES))).containsOnlyKeys("rome");
      }
    }
    throw new AssertionError("it never succeeded");
  }

  // Deleting

  @Test
  void deletedSiteIsGoneWithItsFilesAndRecords() {
    Optional<RequestId> request = Optional.of(new RequestId("r1", "f"));
    server.sites.create(SITE, "", Map.of(), request);
    server.create(CITIES);
    server.save(live(CITIES), "rome", "{}");
    server.save(sandbox(CITIES), "oslo", "{}");

    server.sites.delete(SITE, true);

    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
    assertFails(Reason.SITE_NOT_FOUND, () -> server.save(live(CITIES), "rome", "{}"));
    assertThat(Installation.names(server.layout.sites())).isEmpty();
    assertThat(server.catalog.keys("")).containsExactly("last-change");
    assertThat(server.pool.openCount()).isZero();
    server = server.reopen();
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
  }

  @Test
  void siteWithCollectionsIsDeletedOnlyByForce() {
    server.withSite(CITIES);

    assertFails(Reason.SITE_NOT_EMPTY, () -> server.sites.delete(SITE, false));

    assertThat(server.sites.collections(SITE).find(CITIES)).isPresent();
    server.collections.delete(SITE, CITIES, java.util.OptionalLong.empty());
    server.sites.delete(SITE, false);
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
  }

  @Test
  void deletionThatIsRefusedStopsNothing() {
    List<String> calls = new ArrayList<>();
    server.withSite(CITIES);
    server.sites.register(new RecordingDependent("lower", calls, 0));

    assertFails(Reason.SITE_NOT_EMPTY, () -> server.sites.delete(SITE, false));

    assertThat(calls).isEmpty();
  }

  @Test
  void siteWithBackupsIsDeletedOnlyByForce() {
    server.withSite();
    server.sites.register(new RecordingDependent("backups", new ArrayList<>(), 2));

    assertFails(Reason.SITE_NOT_EMPTY, () -> server.sites.delete(SITE, false));
    server.sites.delete(SITE, true);
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
  }

  @Test
  void layersAboveLetGoTheHighestFirst() {
    List<String> calls = new ArrayList<>();
    server.withSite();
    server.sites.register(new RecordingDependent("lower", calls, 0));
    server.sites.register(new RecordingDependent("upper", calls, 0));

    server.sites.delete(SITE, false);

    assertThat(calls)
        .containsExactly(
            "upper before",
            "lower before",
            "upper records",
            "lower records",
            "upper after",
            "lower after");
  }

  @Test
  void layerAboveMayKeepTheSite() {
    server.withSite(CITIES);
    server.sites.register(
        new RecordingDependent("upper", new ArrayList<>(), 0) {
          @Override
          public void removeRecords(SiteId id, CatalogTransaction transaction) {
            throw new ServiceException(Reason.RESTORATION_IN_PROGRESS, "busy");
          }
        });

    assertFails(Reason.RESTORATION_IN_PROGRESS, () -> server.sites.delete(SITE, true));

    server.save(live(CITIES), "rome", "{}");
    server = server.reopen();
    assertThat(server.content(live(CITIES))).containsOnlyKeys("rome");
  }

  @Test
  void layerThatCannotRemoveItsFilesDoesNotUndoTheDeletion() {
    List<String> calls = new ArrayList<>();
    server.withSite();
    server.sites.register(new RecordingDependent("lower", calls, 0));
    server.sites.register(
        new RecordingDependent("upper", calls, 0) {
          @Override
          public void afterDelete(SiteId id) {
            throw new ServiceException(Reason.STORAGE_FAILED, "cannot delete");
          }
        });

    server.sites.delete(SITE, false);

    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
    assertThat(calls).contains("lower after");
  }

  @Test
  void readersOfADeletedSiteReadOnAndItsFilesGoAfterThem() {
    server.withSite(CITIES).save(live(CITIES), "rome", "{}", "oslo", "{}");
    Items.Export export = server.items.export(live(CITIES), "");
    assertThat(export.cursor().next()).isTrue();

    server.sites.delete(SITE, true);

    assertThat(export.cursor().next()).isTrue();
    assertThat(server.siteFiles()).contains("gen-000001");
    assertThat(catchThrowable(() -> server.sites.create(SITE, "", Map.of(), NO_REQUEST)))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.SITE_SWITCHING);
              assertThat(e.retryAfter()).isPresent();
            });
    export.close();
    assertThat(Installation.names(server.layout.sites())).isEmpty();
    server.withSite(CITIES);
    assertThat(server.content(live(CITIES))).isEmpty();
  }

  @Test
  void readerOfAnOldGenerationDoesNotTakeTheContentOfASiteMadeAnew() {
    server.withSite(CITIES).save(live(CITIES), "rome", "{}");
    Items.Export old = server.items.export(live(CITIES), "");
    switchToEmpty(server);
    server.sites.delete(SITE, true);

    // Generation 1 is still read: its directory must neither vanish nor be used again.
    assertThat(server.siteFiles()).contains("gen-000001");
    assertFails(Reason.SITE_SWITCHING, () -> server.sites.create(SITE, "", Map.of(), NO_REQUEST));
    assertThat(old.cursor().next()).isTrue();
    old.close();
    server.withSite(CITIES).save(live(CITIES), "oslo", "{}");

    assertThat(server.content(live(CITIES))).containsOnlyKeys("oslo");
    server = server.reopen();
    assertThat(server.content(live(CITIES))).containsOnlyKeys("oslo");
  }

  @Test
  void writersAtTheDoorOfADeletedSiteAreToldSo() {
    server.withSite(CITIES);
    CompletableFuture<Boolean> inside = new CompletableFuture<>();
    CompletableFuture<Boolean> go = new CompletableFuture<>();
    CompletableFuture<Void> section =
        Threads.start(
            () ->
                server.sites.exclusively(
                    SITE,
                    each -> {
                      inside.complete(true);
                      return go.join();
                    }));
    Threads.join(inside);
    CompletableFuture<Void> deletion = Threads.start(() -> server.sites.delete(SITE, true));
    Site site = server.sites.require(SITE);
    Threads.await("the deletion waits", () -> site.waiting() == 1);
    List<CompletableFuture<Void>> writers =
        Threads.start(5, number -> server.save(live(CITIES), "a" + number, "{}"));
    Threads.await("the writers wait", () -> site.waiting() == 6);

    go.complete(true);

    Threads.join(section);
    Threads.join(deletion);
    writers.forEach(each -> assertFails(Reason.SITE_NOT_FOUND, () -> Threads.join(each)));
    assertThat(Installation.names(server.layout.sites())).isEmpty();
  }

  @Test
  void crashAfterADeletionWasRecordedIsFinishedByTheNextStart() {
    server.withSite(CITIES).save(live(CITIES), "rome", "{}");
    try (Items.Export reader = server.items.export(live(CITIES), "")) {
      server.sites.delete(SITE, true);
      assertThat(server.siteFiles()).isNotEmpty();
      assertThat(reader.cursor().next()).isTrue();

      try (Installation restarted = server.afterCrash(directory.resolve("copy"))) {
        assertThat(Installation.names(restarted.layout.sites())).isEmpty();
        assertFails(Reason.SITE_NOT_FOUND, () -> restarted.sites.get(SITE));
      }
    }
  }

  @Test
  void deletionWhoseFilesCannotGoIsStillADeletionAndTheNameIsFree() {
    server.close();
    Steps steps = new Steps();
    server =
        Installation.open(directory.resolve("data"), Installation.Options.defaults().with(steps));
    server.withSite(CITIES).save(live(CITIES), "rome", "{}");
    steps.failAlways();

    server.sites.delete(SITE, true);

    steps.heal();
    assertFails(Reason.SITE_NOT_FOUND, () -> server.sites.get(SITE));
    server.withSite(CITIES);
    assertThat(server.content(live(CITIES))).isEmpty();
  }

  // What a crash leaves

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sweepRemovesWhatACrashLeftAndNothingElse(boolean used) throws IOException {
    server.withSite(CITIES).save(live(CITIES), "rome", "{}");
    server.save(sandbox(CITIES), "oslo", "{}");
    Path site = server.layout.site(SITE);
    for (String name :
        List.of("gen-000002", "gen-000003.tmp", "gen-000003.x.tmp", "staging", "sandbox.tmp")) {
      Files.createDirectories(site.resolve(name));
      Files.writeString(site.resolve(name).resolve("file"), "x");
    }
    Files.writeString(site.resolve("CURRENT.tmp"), "gen-");
    Files.createDirectories(server.layout.sites().resolve("unfinished/gen-000001"));
    Files.createDirectories(server.layout.sites().resolve("lost+found"));

    server = server.reopen();
    if (used) {
      assertThat(server.sites.collections(SITE).size()).isOne();
    } else {
      server.sites.sweepUnused();
    }

    assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000001", "sandbox");
    assertThat(Installation.names(server.layout.sites())).containsExactly("lost+found", "site-1");
    assertThat(server.content(live(CITIES))).containsOnlyKeys("rome");
    assertThat(server.content(sandbox(CITIES))).containsOnlyKeys("oslo");
  }

  @Test
  void sweepsASiteOnceAndNeverOneThatIsInUse() throws IOException {
    server.withSite(CITIES).save(live(CITIES), "rome", "{}");
    server = server.reopen();
    assertThat(server.content(live(CITIES))).containsOnlyKeys("rome");
    Path staging = Files.createDirectories(server.layout.site(SITE).resolve("staging"));

    server.sites.sweepUnused();
    assertThat(server.content(live(CITIES))).containsOnlyKeys("rome");
    assertThat(staging).as("of a restoration that runs").exists();

    server.sites.delete(SITE, true);
    server.withSite(CITIES);
    Files.createDirectories(staging);
    server.sites.sweepUnused();
    assertThat(staging).as("of another site with the name").exists();
  }

  @Test
  void damagedCurrentStopsTheSiteAndLeavesItsFilesAndOtherSites() throws IOException {
    SiteId other = new SiteId("other");
    server.withSite(CITIES);
    server.sites.create(other, "", Map.of(), NO_REQUEST);
    Path current = server.layout.current(SITE);
    Files.createDirectories(server.layout.generation(SITE, 2));
    for (String damage : List.of("", "gen-", "gen-1", "gen-00000x", "gen-000001 x", "\uFFFF")) {
      Files.writeString(current, damage);

      server = server.reopen();

      assertFails(Reason.DATA_CORRUPT, () -> server.sites.collections(SITE));
      assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000001", "gen-000002");
      assertThat(server.sites.collections(other).size()).isZero();
    }
    Files.write(current, new byte[] {(byte) 0xff, (byte) 0xfe});
    server = server.reopen();
    assertFails(Reason.DATA_CORRUPT, () -> server.sites.collections(SITE));
    Files.delete(current);
    server = server.reopen();
    assertFails(Reason.DATA_CORRUPT, () -> server.sites.collections(SITE));
  }

  @Test
  void generationsAreKeptWhenTheLiveOneIsMissing() throws IOException {
    server.withSite();
    Files.writeString(server.layout.current(SITE), "gen-000002\n");

    server = server.reopen();

    assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000001");
    assertFails(Reason.DATA_CORRUPT, () -> server.sites.lease(SITE, Environment.LIVE));
  }

  @Test
  void sandboxThatCannotBeMadeAtAnyStepIsMadeByTheNextTry() {
    for (int step = 0; step < 20; step++) {
      Path root = directory.resolve("sandbox" + step);
      Steps steps = new Steps();
      try (Installation failing =
          Installation.open(root, Installation.Options.defaults().with(steps))) {
        failing.withSite(CITIES);
        steps.failAt(step);
        @Nullable Throwable failure =
            catchThrowable(() -> failing.save(sandbox(CITIES), "rome", "{}"));
        steps.heal();
        if (failure == null) {
          assertThat(step).isPositive();
          return;
        }
        failing.save(sandbox(CITIES), "oslo", "{}");
        assertThat(failing.content(sandbox(CITIES))).containsOnlyKeys("oslo");
        assertThat(failing.content(live(CITIES))).isEmpty();
      }
    }
    throw new AssertionError("it never succeeded");
  }

  /** Puts an empty generation in the place of the live one. */
  static void switchToEmpty(Installation server) {
    server.sites.exclusively(
        SITE,
        section -> {
          long next = section.nextGeneration();
          ItemStore store = server.engine.create(server.sites.generationDirectory(SITE, next));
          section.switchTo(next, store);
          return next;
        });
  }

  private static class RecordingDependent implements SiteDependent {
    private final String name;
    private final List<String> calls;
    private final long backups;

    RecordingDependent(String name, List<String> calls, long backups) {
      this.name = name;
      this.calls = calls;
      this.backups = backups;
    }

    @Override
    public long backupCount(SiteId id) {
      return backups;
    }

    @Override
    public void beforeDelete(SiteId id) {
      calls.add(name + " before");
    }

    @Override
    public void removeRecords(SiteId id, CatalogTransaction transaction) {
      calls.add(name + " records");
    }

    @Override
    public void afterDelete(SiteId id) {
      calls.add(name + " after");
    }
  }
}
