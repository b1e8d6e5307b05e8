package dev.cairn.server.backup;

import static dev.cairn.server.backup.BackedUpSite.request;
import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.RIVERS;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.site.Installation.write;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.cairn.server.backup.BackedUpSite.Options;
import dev.cairn.server.backup.SteppedRepository.Step;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.site.FaultyKeyValueStore.Fault;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Threads;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link Backups} from the request to the deletion. One class, in sections, as there: whatever
 * makes a backup READY or lets one go meets the same rules, on the same site.
 */
@Timeout(60)
final class BackupsTest {
  @TempDir Path directory;
  private BackedUpSite site;

  @BeforeEach
  void open() {
    site =
        BackedUpSite.open(directory.resolve("data"), Options.defaults()).withSite(CITIES, RIVERS);
  }

  @AfterEach
  void close() {
    site.close();
  }

  // The whole life

  @Test
  void requestIsAnsweredAtOnceAndTheWorkGoesOnByItself() {
    site.server.save(live(CITIES), "rome", "{}", "oslo", "{}");
    Instant requested = site.server.clock.instant();

    BackupRecord pending = site.backups.create(request()).record();

    assertThat(pending.state()).isEqualTo(BackupState.PENDING);
    assertThat(pending.times().create()).isEqualTo(requested);
    assertThat(pending.times().start()).isEmpty();
    assertThat(pending.creator()).isEqualTo("ann");
    site.server.clock.advance(Duration.ofSeconds(5));
    site.making.runAll();

    BackupView view = site.backups.get(SITE, pending.id());
    BackupRecord ready = view.record();
    Instant made = site.server.clock.instant();
    assertThat(ready.state()).isEqualTo(BackupState.READY);
    assertThat(ready.times())
        .isEqualTo(
            new BackupRecord.Times(
                requested,
                Optional.of(made),
                Optional.of(made),
                Optional.of(made),
                Optional.empty()));
    assertThat(ready.collections())
        .extracting(BackupRecord.Content::id, BackupRecord.Content::itemCount)
        .containsExactly(tuple(CITIES, 2L), tuple(RIVERS, 0L));
    assertThat(ready.itemCount()).isEqualTo(2);
    assertThat(ready.whole()).isTrue();
    assertThat(ready.sizeBytes())
        .isEqualTo(site.repository.manifest(ready.repositoryKey()).orElseThrow().fileBytes());
    assertThat(ready.exclusiveBytes()).isPositive();
    assertThat(view.progress().fraction()).isEqualTo(1);
    assertThat(view.progress().items()).isEqualTo(new Progress.Amount(2, 2));
    assertThat(ready.verification()).isEqualTo(Verification.NONE);
    assertThat(ready.sequence()).isGreaterThan(pending.sequence());
    site.repository.verify(ready.repositoryKey(), (bytes, files) -> {});
    assertThat(site.content(ready.id()))
        .isEqualTo(Map.of(CITIES, Map.of("rome", "{}", "oslo", "{}"), RIVERS, Map.of()));
    site = site.reopen();
    assertThat(site.get(ready.id())).isEqualTo(ready);
  }

  @Test
  void backupIsNotTouchedByWhatHappensLater() {
    site.server.save(live(CITIES), "rome", "{}");
    BackupId id = site.make();

    site.server.save(live(CITIES), "rome", "changed", "oslo", "{}");
    site.server.items.truncate(live(CITIES));
    site.server.collections.delete(SITE, CITIES, OptionalLong.empty());

    assertThat(site.content(id)).containsEntry(CITIES, Map.of("rome", "{}"));
  }

  @Test
  void backupHoldsLiveContentOnlyAndOfChosenCollectionsOnly() {
    site.server.save(live(CITIES), "rome", "{}");
    site.server.save(live(RIVERS), "po", "{}");
    site.server.save(sandbox(CITIES), "oslo", "{}");

    BackupId all = site.make();
    BackupId some = site.make(RIVERS);

    assertThat(site.content(all))
        .isEqualTo(Map.of(CITIES, Map.of("rome", "{}"), RIVERS, Map.of("po", "{}")));
    assertThat(site.content(some)).isEqualTo(Map.of(RIVERS, Map.of("po", "{}")));
    assertThat(site.get(some).requested()).containsExactly(RIVERS);
    assertThat(site.get(some).whole()).as("its files hold more").isFalse();
    assertThat(site.get(all).whole()).isTrue();
  }

  @Test
  void emptySiteCanBeBackedUp() {
    site.server.sites.delete(SITE, true);
    site.withSite();

    BackupId id = site.make();

    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    assertThat(site.get(id).collections()).isEmpty();
  }

  @Test
  void itemsThatADeletionLeftAreInNoBackup() {
    site.server.save(live(CITIES), "rome", "{}");
    site.server.sites.exclusively(
        SITE,
        section -> {
          section.change(List.of(), List.of(CITIES)); // and no second step
          return 1;
        });

    try (BackedUpSite restarted = site.afterCrash(directory.resolve("copy"))) {
      BackupId id = restarted.make();

      assertThat(restarted.content(id)).isEqualTo(Map.of(RIVERS, Map.of()));
      assertThat(restarted.get(id).whole()).as("its files hold the rest still").isFalse();
    }
  }

  @Test
  void unknownCollectionsAreRefusedAndNothingIsRecorded() {
    CollectionId lakes = new CollectionId("lakes");

    assertFails(Reason.COLLECTION_NOT_FOUND, () -> site.create(CITIES, lakes));
    assertFails(
        Reason.SITE_NOT_FOUND,
        () ->
            site.backups.create(
                new Backups.Request(
                    new SiteId("none"),
                    List.of(),
                    BackupType.ON_DEMAND,
                    BackupRecord.Notes.NONE,
                    "",
                    Optional.empty())));

    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).isEmpty();
    assertThat(site.making.waiting()).isZero();
  }

  @Test
  void backupOfACollectionThatIsDeletedBeforeItsMomentFails() {
    BackupId id = site.create(CITIES, RIVERS);
    site.server.collections.delete(SITE, CITIES, OptionalLong.empty());

    site.making.runAll();

    assertThat(site.state(id)).isEqualTo(BackupState.FAILED);
    assertThat(site.get(id).failure().orElseThrow().reason())
        .isEqualTo(Reason.COLLECTION_NOT_FOUND);
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void failureIsRecordedAndLeavesNoFiles() {
    site.repository.at(
        Step.PUT,
        () -> {
          throw new ServiceException(Reason.DISK_FULL, Map.of("a", "b"), "no space left");
        });

    BackupId id = site.make();

    BackupRecord failed = site.get(id);
    assertThat(failed.state()).isEqualTo(BackupState.FAILED);
    assertThat(failed.failure())
        .contains(new JobFailure(Reason.DISK_FULL, "no space left", Map.of("a", "b")));
    assertThat(failed.times().finish()).isPresent();
    assertThat(failed.log()).last().extracting(LogLine::message).isEqualTo("no space left");
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void unexpectedFailureTellsTheCallerNothingOfTheInside() {
    site.repository.at(
        Step.PUT,
        () -> {
          throw new StackOverflowError("secret");
        });

    BackupId id = site.make();

    assertThat(site.get(id).failure().orElseThrow().reason()).isEqualTo(Reason.INTERNAL);
    assertThat(site.get(id).failure().orElseThrow().message()).doesNotContain("secret");
    assertThat(site.directories()).isEmpty();
  }

  // One moment

  @Test
  void backupIsOneExactMomentAcrossCollectionsUnderEightWriters() {
    // Each writer counts in two collections in turn, so that at every moment the first is equal to
    // the second or one more.
    int writers = 8;
    AtomicBoolean done = new AtomicBoolean();
    AtomicIntegerArray acknowledged = new AtomicIntegerArray(writers);
    Items.WriteOptions quick = new Items.WriteOptions(Optional.empty(), Durability.BUFFERED);
    List<CompletableFuture<Void>> all =
        Threads.start(
            writers,
            number -> {
              for (int i = 1; !done.get(); i++) {
                Threads.join(
                    site.server.items.save(
                        live(CITIES), List.of(write("w" + number, "" + i)), quick));
                Threads.join(
                    site.server.items.save(
                        live(RIVERS), List.of(write("w" + number, "" + i)), quick));
                acknowledged.set(number, i);
              }
            });
    Threads.await("all write", () -> minimum(acknowledged) > 3);

    for (int round = 0; round < 5; round++) {
      int[] before = new int[writers];
      for (int i = 0; i < writers; i++) {
        before[i] = acknowledged.get(i);
      }
      BackupId id = site.make();
      Map<CollectionId, Map<String, String>> content = site.content(id);
      for (int i = 0; i < writers; i++) {
        int first = Integer.parseInt(String.valueOf(held(content, CITIES).get("w" + i)));
        int second = Integer.parseInt(String.valueOf(held(content, RIVERS).get("w" + i)));
        assertThat(first).as("acknowledged before").isGreaterThanOrEqualTo(before[i]);
        assertThat(second).as("acknowledged before").isGreaterThanOrEqualTo(before[i]);
        assertThat(first - second).as("one moment").isBetween(0, 1);
      }
      assertThat(site.get(id).itemCount()).isEqualTo(2 * writers);
    }
    done.set(true);
    Threads.joinAll(all);
  }

  private static Map<String, String> held(
      Map<CollectionId, Map<String, String>> content, CollectionId collection) {
    return content.getOrDefault(collection, Map.of());
  }

  private static int minimum(AtomicIntegerArray values) {
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < values.length(); i++) {
      least = Math.min(least, values.get(i));
    }
    return least;
  }

  // Request ids

  @Test
  void repeatedRequestAnswersTheSameBackupAndMakesNoOther() {
    BackupRecord first = site.backups.create(request("r1", "f")).record();

    assertThat(site.backups.create(request("r1", "f")).record()).isEqualTo(first);
    site.making.runAll();
    assertThat(site.backups.create(request("r1", "f")).record()).isEqualTo(site.get(first.id()));
    site = site.reopen();
    assertThat(site.backups.create(request("r1", "f")).record().id()).isEqualTo(first.id());
    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).hasSize(1);
    assertFails(Reason.REQUEST_ID_CONFLICT, () -> site.backups.create(request("r1", "other")));
  }

  @Test
  void repeatedRequestIsAnsweredThoughTheQueueIsFullOrTheCollectionGone() {
    site.close();
    site = BackedUpSite.open(site.server.root, Options.defaults().withQueue(1));
    Backups.Request request =
        new Backups.Request(
            SITE,
            List.of(CITIES),
            BackupType.ON_DEMAND,
            BackupRecord.Notes.NONE,
            "ann",
            request("r1", "f").requestId());
    BackupRecord first = site.backups.create(request).record();
    site.server.collections.delete(SITE, CITIES, OptionalLong.empty());

    assertThat(site.backups.create(request).record()).isEqualTo(first);
  }

  @Test
  void sameRequestFromManyThreadsMakesOneBackup() {
    Threads.joinAll(Threads.start(8, number -> site.backups.create(request("r1", "f"))));

    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).hasSize(1);
    assertThat(site.making.waiting()).isEqualTo(1);
  }

  @Test
  void requestThatMadeNothingGivesItsPlaceInTheQueueBack() {
    site.close();
    site = BackedUpSite.open(site.server.root, Options.defaults().withQueue(2));
    CollectionId lakes = new CollectionId("lakes");
    for (int i = 0; i < 5; i++) {
      assertFails(Reason.COLLECTION_NOT_FOUND, () -> site.create(lakes));
      site.backups.create(request("r1", "f"));
      assertFails(Reason.REQUEST_ID_CONFLICT, () -> site.backups.create(request("r1", "other")));
    }

    site.create();

    assertThat(site.making.waiting()).isEqualTo(2);
  }

  // Finding

  @Test
  void listsTheNewestRequestedFirstAndFilters() {
    BackupId first = site.make();
    BackupId auto = site.make(request(BackupType.AUTO, false));
    BackupId pending = site.create();
    site.notes(first, old -> new BackupRecord.Notes("d", Map.of("a", "1", "b", "2"), false));

    assertThat(list(Backups.Filter.ALL)).containsExactly(pending, auto, first);
    assertThat(list(filter(Set.of(BackupState.READY), Set.of(), Map.of())))
        .containsExactly(auto, first);
    assertThat(list(filter(Set.of(), Set.of(BackupType.AUTO), Map.of()))).containsExactly(auto);
    assertThat(
            list(
                filter(
                    Set.of(BackupState.READY, BackupState.PENDING),
                    Set.of(BackupType.ON_DEMAND),
                    Map.of())))
        .containsExactly(pending, first);
    assertThat(list(filter(Set.of(), Set.of(), Map.of("a", "1", "b", "2")))).containsExactly(first);
    assertThat(list(filter(Set.of(), Set.of(), Map.of("a", "2")))).isEmpty();
    assertThat(site.backups.list(SITE, Backups.Filter.ALL).limit()).isEqualTo(3);
  }

  private List<BackupId> list(Backups.Filter filter) {
    return site.backups.list(SITE, filter).backups().stream().map(BackupRecord::id).toList();
  }

  private static Backups.Filter filter(
      Set<BackupState> states, Set<BackupType> types, Map<String, String> labels) {
    return new Backups.Filter(states, types, labels);
  }

  @Test
  void whatIsNotThereIsNotFound() {
    BackupId none = new BackupId("none");
    SiteId other = new SiteId("other");

    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.get(SITE, none));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.delete(SITE, none, ""));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.cancel(SITE, none));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.verify(SITE, none));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.use(SITE, none, "r"));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.update(SITE, none, notes -> notes, ""));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.backups.watch(SITE, none, last -> {}));
    assertFails(Reason.SITE_NOT_FOUND, () -> site.backups.get(other, none));
    assertFails(Reason.SITE_NOT_FOUND, () -> site.backups.list(other, Backups.Filter.ALL));
  }

  // Notes

  @Test
  void notesAreReplacedInAnyStateAndOutliveTheServer() {
    BackupRecord.Notes notes = new BackupRecord.Notes("monthly", Map.of("k", "v"), true);
    BackupId id = site.create();

    BackupRecord pending = site.notes(id, old -> notes);
    site.making.runAll();

    assertThat(pending.notes()).isEqualTo(notes);
    assertThat(site.get(id).state()).isEqualTo(BackupState.READY);
    assertThat(site.get(id).notes()).isEqualTo(notes);
    site.backups.delete(SITE, id, "");
    site.notes(id, old -> new BackupRecord.Notes("gone", Map.of(), true));
    site = site.reopen();
    assertThat(site.get(id).notes().description()).isEqualTo("gone");
  }

  @Test
  void pinCanBeSetOnPendingAndReadyOnesOnlyButAlwaysTakenOff() {
    BackupId deleted = site.make();
    site.backups.delete(SITE, deleted, "");
    BackupId cancelled = site.create();
    site.backups.cancel(SITE, cancelled);

    assertFails(Reason.BACKUP_NOT_READY, () -> site.pin(deleted, true));
    assertFails(Reason.BACKUP_NOT_READY, () -> site.pin(cancelled, true));
    site.pin(deleted, false);
    BackupId pinned = site.makePinned();
    site.backups.delete(SITE, pinned, "");
    site.pin(pinned, true);
    assertThat(site.get(pinned).notes().pinned()).isTrue();
    site.pin(pinned, false);
    assertThat(site.get(pinned).notes().pinned()).isFalse();
  }

  @Test
  void etagChangesWithEveryChangeAndGuardsAgainstLostOnes() {
    BackupId id = site.make();
    String etag = Backups.etag(site.get(id));

    site.backups.update(SITE, id, old -> old, etag);

    assertFails(Reason.ETAG_MISMATCH, () -> site.backups.update(SITE, id, old -> old, etag));
    assertFails(Reason.ETAG_MISMATCH, () -> site.backups.delete(SITE, id, etag));
    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    site.backups.delete(SITE, id, Backups.etag(site.get(id)));
    assertThat(site.state(id)).isEqualTo(BackupState.DELETED);
  }

  // Deleting

  @Test
  void deletedBackupFreesItsDataAndKeepsItsRecord() {
    BackupId id = site.makePinned();
    site.server.clock.advance(Duration.ofMinutes(1));

    BackupRecord deleted = site.backups.delete(SITE, id, "").record();

    assertThat(deleted.state()).isEqualTo(BackupState.DELETED);
    assertThat(deleted.deleteReason()).contains(DeleteReason.REQUESTED);
    assertThat(deleted.times().delete()).contains(site.server.clock.instant());
    assertThat(deleted.exclusiveBytes()).isZero();
    assertThat(deleted.collections()).hasSize(2);
    assertThat(site.directories()).isEmpty();
    assertThat(site.backups.delete(SITE, id, "").record()).isEqualTo(deleted);
    assertFails(Reason.BACKUP_NOT_READY, () -> site.backups.use(SITE, id, "r1"));
    assertFails(Reason.BACKUP_NOT_READY, () -> site.backups.verify(SITE, id));
    assertFails(Reason.NOT_CANCELABLE, () -> site.backups.cancel(SITE, id));
  }

  @Test
  void backupThatIsReadIsNotDeleted() {
    BackupId id = site.make();
    BackupUse first = site.backups.use(SITE, id, "r1");
    BackupUse second = site.backups.use(SITE, id, "r2");

    assertThatThrownBy(() -> site.backups.delete(SITE, id, ""))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.BACKUP_IN_USE);
              assertThat(e.metadata()).containsEntry("restoration_ids", "r1,r2");
            });
    first.close();
    first.close();
    assertFails(Reason.BACKUP_IN_USE, () -> site.backups.delete(SITE, id, ""));
    second.close();
    assertThat(site.backups.delete(SITE, id, "").record().state()).isEqualTo(BackupState.DELETED);
  }

  @Test
  void deletionThatTheCatalogRefusedDeletesNothing() {
    BackupId id = deletedInVain(Fault.NOT_WRITTEN);

    site.server.store.failAfter(0, Fault.NONE);
    site.repository.verify(new BackupKey(SITE.value(), id.value()), (bytes, files) -> {});
    site.backups.use(SITE, id, "r1").close();
    assertThat(site.state(id)).isEqualTo(BackupState.READY);
  }

  /** A backup whose deletion was reported failed. */
  private BackupId deletedInVain(Fault fault) {
    BackupId id = site.make();
    site.server.store.failAfter(0, fault);
    assertFails(Reason.STORAGE_FAILED, () -> site.backups.delete(SITE, id, ""));
    return id;
  }

  /** The catalog takes writes again, and what waited for that is done. */
  private void healStorage() {
    site.server.store.failAfter(0, Fault.NONE);
    site.backups.overdue().retry();
  }

  @Test
  void endThatTheCatalogRefusedIsRecordedOnceItTakesWritesAgain() {
    BackupId id = site.create();
    site.server.store.failAfter(1, Fault.NOT_WRITTEN); // it starts, but cannot become READY

    site.making.runAll();

    assertThat(site.state(id)).isEqualTo(BackupState.PENDING);
    site.backups.overdue().retry();
    assertThat(site.state(id)).isEqualTo(BackupState.PENDING);

    healStorage();

    assertThat(site.state(id)).isEqualTo(BackupState.FAILED);
    assertThat(site.get(id).failure()).map(JobFailure::reason).contains(Reason.STORAGE_FAILED);
    assertThat(site.directories()).isEmpty();
    assertThat(site.backups.overdue().size()).isZero();
  }

  @Test
  void whatIsWrongWithItsSiteIsSaidByTheBackup() throws IOException {
    site.server.clock.advance(Duration.ofMinutes(1));
    site.server.pool.closeIdle(Duration.ZERO);
    Files.delete(site.server.sites.generationDirectory(SITE, 1).resolve("CURRENT"));

    BackupId id = site.create();
    assertThat(site.state(id)).isEqualTo(BackupState.PENDING);
    site.making.runAll();

    assertThat(site.state(id)).isEqualTo(BackupState.FAILED);
    assertThat(site.get(id).failure()).map(JobFailure::reason).contains(Reason.DATA_CORRUPT);
  }

  @Test
  void readyBackupThatWasOnlyReportedFailedStaysReady() {
    BackupId id = site.create();
    site.server.store.failAfter(1, Fault.WRITTEN);

    site.making.runAll();
    healStorage();

    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    assertThat(site.content(id)).isNotEmpty();
  }

  @Test
  void filesOfBackupsThatWereEvictedByAStepOnlyReportedFailedGo() {
    List<BackupId> ready = List.of(site.make(), site.make(), site.make());
    site.verifying.runAll();
    BackupId id = site.create();
    site.server.store.failAfter(1, Fault.WRITTEN);

    site.making.runAll();
    healStorage();

    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    assertThat(site.state(ready.get(0))).isEqualTo(BackupState.DELETED);
    assertThat(site.directories()).hasSize(3).doesNotContain(ready.get(0).value());
    assertThat(site.backups.overdue().size()).isZero();
  }

  @Test
  void filesOfABackupWhoseDeletionWasOnlyReportedFailedGo() {
    BackupId id = deletedInVain(Fault.WRITTEN);
    healStorage();

    assertThat(site.state(id)).isEqualTo(BackupState.DELETED);
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void filesOfABackupWhoseDeletionFailedStay() {
    BackupId id = deletedInVain(Fault.NOT_WRITTEN);
    healStorage();

    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    assertThat(site.content(id)).isNotEmpty();
  }

  @Test
  void backupWhoseRequestWasOnlyReportedFailedDoesNotStayPending() {
    site.server.store.failAfter(0, Fault.WRITTEN);

    assertFails(Reason.STORAGE_FAILED, () -> site.create());

    healStorage();
    assertThat(site.ids(BackupState.PENDING)).isEmpty();
    assertThat(site.ids(BackupState.FAILED)).hasSize(1);
  }

  @Test
  void useAndDeletionNeverBothSucceed() {
    for (int i = 0; i < 20; i++) {
      BackupId id = site.make();
      List<String> won = Collections.synchronizedList(new ArrayList<>());
      CompletableFuture<Void> deletion =
          Threads.start(
              () -> {
                try {
                  site.backups.delete(SITE, id, "");
                  won.add("deletion");
                } catch (ServiceException e) {
                  assertThat(e.reason()).isEqualTo(Reason.BACKUP_IN_USE);
                }
              });
      try {
        site.backups.use(SITE, id, "r1"); // and kept
        won.add("use");
      } catch (ServiceException e) {
        assertThat(e.reason()).isEqualTo(Reason.BACKUP_NOT_READY);
      }
      Threads.join(deletion);
      assertThat(won).hasSize(1);
      assertThat(site.state(id))
          .isEqualTo(won.contains("use") ? BackupState.READY : BackupState.DELETED);
    }
  }

  @Test
  void recordsArePurgedWhenTheyEndedLongAgo() {
    BackupId deleted = site.make();
    site.backups.delete(SITE, deleted, "");
    BackupId cancelled = site.create();
    site.backups.cancel(SITE, cancelled);
    site.making.runAll();
    site.repository.at(
        Step.PUT,
        () -> {
          throw new ServiceException(Reason.DISK_FULL, "full");
        });
    BackupId failed = site.make();
    site.repository.calm();
    BackupId ready = site.make();
    BackupId pending = site.create();
    site.server.clock.advance(Duration.ofDays(30));
    BackupId late = site.make();
    site.backups.delete(SITE, late, "");

    assertThat(site.backups.purge(site.server.clock.instant())).isEqualTo(3);

    assertThat(list(Backups.Filter.ALL)).contains(ready, pending, late);
    for (BackupId gone : List.of(deleted, cancelled, failed)) {
      assertFails(Reason.BACKUP_NOT_FOUND, () -> site.get(gone));
    }
  }

  // Cancelling

  @Test
  void queuedBackupIsCancelledAtOnce() {
    BackupId id = site.create();

    BackupRecord cancelled = site.backups.cancel(SITE, id).record();

    assertThat(cancelled.state()).isEqualTo(BackupState.CANCELED);
    assertThat(cancelled.times().start()).isEmpty();
    assertThat(cancelled.times().finish()).isPresent();
    site.making.runAll();
    assertThat(site.get(id)).isEqualTo(cancelled);
    assertThat(site.backups.cancel(SITE, id).record()).isEqualTo(cancelled);
    assertThat(site.backups.delete(SITE, id, "").record()).isEqualTo(cancelled);
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void runningBackupIsCancelledAtItsNextStep() {
    for (Step step : List.of(Step.STAGING, Step.PUT, Step.PUT_DONE)) {
      BackupId id = site.create();
      List<BackupState> answered = new ArrayList<>();
      site.repository.at(step, () -> answered.add(site.backups.cancel(SITE, id).record().state()));

      site.making.runAll();

      site.repository.calm();
      assertThat(answered).containsExactly(BackupState.PENDING);
      assertThat(site.state(id)).as("cancelled at " + step).isEqualTo(BackupState.CANCELED);
      assertThat(site.get(id).failure()).isEmpty();
      assertThat(site.directories()).isEmpty();
    }
  }

  @Test
  void cancellationThatComesRightBeforeTheEndCounts() {
    BackupId id = site.create();
    // The last thing before the record becomes READY is the look at the size.
    site.repository.at(Step.MEASURE, () -> site.backups.cancel(SITE, id));

    site.making.runAll();

    assertThat(site.state(id)).isEqualTo(BackupState.CANCELED);
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void deletingAPendingBackupCancelsIt() {
    BackupId queued = site.create();
    assertThat(site.backups.delete(SITE, queued, "").record().state())
        .isEqualTo(BackupState.CANCELED);
    site.making.runAll();
    BackupId running = site.create();
    site.repository.at(Step.PUT, () -> site.backups.delete(SITE, running, ""));

    site.making.runAll();

    assertThat(site.state(running)).isEqualTo(BackupState.CANCELED);
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void lateCancellationIsRefused() {
    BackupId id = site.make();

    assertFails(Reason.NOT_CANCELABLE, () -> site.backups.cancel(SITE, id));
    assertThat(site.state(id)).isEqualTo(BackupState.READY);
  }

  @Test
  void cancellationsAndEndsInARaceAgree() {
    for (int i = 0; i < 15; i++) {
      BackupId id = site.create();
      CompletableFuture<Void> job = Threads.start(site.making::runAll);
      boolean refused = false;
      try {
        site.backups.cancel(SITE, id);
      } catch (ServiceException e) {
        assertThat(e.reason()).isEqualTo(Reason.NOT_CANCELABLE);
        refused = true;
      }
      Threads.join(job);

      BackupState state = site.state(id);
      assertThat(state).isEqualTo(refused ? BackupState.READY : BackupState.CANCELED);
      assertThat(site.directories().contains(id.value())).isEqualTo(refused);
      site.backups.delete(SITE, id, "");
    }
  }

  // The queue

  @Test
  void fullQueueRefusesAndRecordsNothing() {
    site.close();
    site = BackedUpSite.open(site.server.root, Options.defaults().withQueue(2));
    site.create();
    site.create();

    assertThatThrownBy(() -> site.create())
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.OVERLOADED);
              assertThat(e.retryAfter()).isPresent();
            });

    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).hasSize(2);
    site.making.runNext();
    site.create();
  }

  @Test
  void backupThatWasQueuedWhenTheServerWentDownFailsAtTheNextStart() {
    BackupId queued = site.create();
    site.making.shutDown();
    BackupId rejected = site.create();
    assertThat(site.state(rejected)).isEqualTo(BackupState.PENDING);

    site = site.reopen();

    for (BackupId id : List.of(queued, rejected)) {
      assertThat(site.state(id)).isEqualTo(BackupState.FAILED);
      assertThat(site.get(id).failure().orElseThrow().reason()).isEqualTo(Reason.INTERRUPTED);
    }
    assertThat(site.state(site.make())).isEqualTo(BackupState.READY);
  }

  // Sites

  @Test
  void deletedSiteTakesItsBackupsAlong() {
    BackupId ready = site.make();
    SiteId other = new SiteId("other");
    site.server.sites.create(other, "", Map.of(), Optional.empty());
    Backups.Request ofOther =
        new Backups.Request(
            other, List.of(), BackupType.ON_DEMAND, BackupRecord.Notes.NONE, "", Optional.empty());
    BackupId kept = site.make(ofOther);
    BackupId queued = site.create();

    assertFails(Reason.SITE_NOT_EMPTY, () -> site.server.sites.delete(SITE, false));
    assertThat(site.state(queued)).as("refused, so it goes on").isEqualTo(BackupState.PENDING);
    site.server.sites.delete(SITE, true);
    site.making.runAll();

    assertThat(site.directories()).isEmpty();
    assertThat(site.backups.get(other, kept).record().state()).isEqualTo(BackupState.READY);
    site.withSite();
    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).isEmpty();
    assertFails(Reason.BACKUP_NOT_FOUND, () -> site.get(ready));
    assertThat(site.server.sites.list("", "", 9)).hasSize(2);
  }

  @Test
  void siteDeletedWhileItsBackupIsMadeLeavesNothing() {
    for (Step step : List.of(Step.PUT, Step.PUT_DONE)) {
      site.create();
      site.repository.at(
          step,
          () -> {
            site.repository.calm();
            site.server.sites.delete(SITE, true);
          });

      site.making.runAll();

      assertThat(site.directories()).isEmpty();
      site.withSite(CITIES, RIVERS);
      assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).isEmpty();
    }
  }

  @Test
  void siteWhoseBackupIsReadIsNotDeleted() {
    BackupId id = site.make();
    try (BackupUse use = site.backups.use(SITE, id, "r1")) {
      assertThat(use).isNotNull();
      assertFails(Reason.RESTORATION_IN_PROGRESS, () -> site.server.sites.delete(SITE, true));
      assertThat(site.state(id)).isEqualTo(BackupState.READY);
    }
    site.server.sites.delete(SITE, true);
  }

  @Test
  void idsAscendAcrossRestartsEvenIfTheClockIsSetBack() {
    BackupId before = site.make();
    long sequence = site.get(before).sequence();
    site.server.clock.advance(Duration.ofDays(-1));

    site = site.reopen();

    BackupId after = site.make();
    assertThat(after).isGreaterThan(before);
    assertThat(site.get(after).sequence()).isGreaterThan(sequence);
  }
}
