package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.id;
import static dev.cairn.server.restore.ServerUnderTest.into;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chosen collections of a backup are put back, each where the caller says. */
final class PartialRestorationTest {
  @TempDir Path directory;
  private final List<Consumer<String>> whileItRuns = new ArrayList<>();
  private ServerUnderTest server;

  @BeforeEach
  void start() {
    server =
        ServerUnderTest.on(directory)
            .maxCollections(12)
            .steps(step -> List.copyOf(whileItRuns).forEach(each -> each.accept(step)))
            .start();
    server.createSite();
    for (int i = 0; i < 10; i++) {
      server.fill("c" + i, 5 + i, "old");
    }
  }

  @AfterEach
  void stop() {
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void oneOfTenLeavesNineAloneAndWhatIsWrittenToThemMeanwhile() {
    BackupId backup = server.backup();
    server.saveAll("c3", 20, "changed");
    server.saveAll("c4", 20, "changed");
    Map<String, List<StoredItem>> expected = new TreeMap<>(server.content());
    when("after stage collections", () -> server.save("c5", "meanwhile", "written"));

    RestorationRecord done = completed(server.restore(backup, only("c3")));

    expected.put("c3", server.contentOf(backup).get("c3"));
    assertThat(server.content().get("c5")).hasSize(11);
    expected.put("c5", server.items("c5"));
    assertThat(server.content()).isEqualTo(expected);
    assertThat(done.kind()).isEqualTo(RestorationKind.PARTIAL);
    assertThat(done.collections()).hasSize(1);
    assertThat(done.collections().get(0).outcome()).isEqualTo(Outcome.REPLACED);
  }

  @Test
  void writesMadeToTheChosenOneMeanwhileAreReplacedButKeptInTheSafetyBackup() {
    BackupId backup = server.backup();
    when("after stage collections", () -> server.save("c3", "meanwhile", "written"));

    RestorationRecord done = completed(server.restore(backup, only("c3")));

    assertThat(server.content()).isEqualTo(server.contentOf(backup));
    assertThat(server.contentOf(done.safetyBackupId().orElseThrow()).get("c3"))
        .extracting(StoredItem::id)
        .contains("meanwhile");
  }

  @Test
  void existingDestinationIsReplacedAndKeepsItsNameAndSchema() {
    BackupId backup = server.backup();
    List<StoredItem> source = server.items("c1");
    server.saveAll("c1", 9, "changed");
    Map<String, List<StoredItem>> expected = new TreeMap<>(server.content());
    List<CollectionRecord> records = server.collectionRecords();

    RestorationRecord done = completed(server.restore(backup, into("c1", "c2", "Another name")));

    expected.put("c2", source);
    assertThat(server.content()).isEqualTo(expected);
    assertThat(server.collectionRecords()).isEqualTo(records);
    assertThat(done.collections().get(0).outcome()).isEqualTo(Outcome.REPLACED);
  }

  @Test
  void newDestinationIsCreatedWithTheNameThatWasAskedForOrThatOfTheBackup() {
    BackupId backup = server.backup();

    RestorationRecord done =
        completed(
            server.restore(backup, into("c1", "copy-1", "My copy"), into("c2", "copy-2", "")));

    assertThat(server.items("copy-1")).isEqualTo(server.items("c1"));
    assertThat(server.items("copy-2")).isEqualTo(server.items("c2"));
    assertThat(record("copy-1").displayName()).isEqualTo("My copy");
    assertThat(record("copy-2").displayName()).isEqualTo("The c2");
    assertThat(record("copy-1").fields()).isEmpty();
    assertThat(done.collections())
        .extracting(RestorationRecord.Entry::outcome)
        .containsExactly(Outcome.CREATED, Outcome.CREATED);
    server.save("copy-1", "1", "can be written");
  }

  @Test
  void twoCollectionsCanTradePlaces() {
    BackupId backup = server.backup();
    List<StoredItem> one = server.items("c1");
    List<StoredItem> two = server.items("c2");

    completed(server.restore(backup, into("c1", "c2", ""), into("c2", "c1", "")));

    assertThat(server.items("c1")).isEqualTo(two);
    assertThat(server.items("c2")).isEqualTo(one);
  }

  @Test
  void severalAreReplacedAtTheSameMoment() {
    BackupId backup = server.backup();
    server.saveAll("c6", 3, "changed");
    server.saveAll("c7", 3, "changed");

    completed(server.restore(backup, only("c7"), only("c6")));

    assertThat(server.content()).isEqualTo(server.contentOf(backup));
  }

  @Test
  void allOfThemByNameIsAsGoodAsTheWholeBackup() {
    BackupId backup = server.backup();
    for (int i = 0; i < 10; i++) {
      server.saveAll("c" + i, 3, "changed");
    }

    RestorationRecord done =
        completed(
            server.restore(
                backup,
                server.content().keySet().stream()
                    .map(ServerUnderTest::only)
                    .toArray(Restorations.Selection[]::new)));

    assertThat(server.content()).isEqualTo(server.contentOf(backup));
    assertThat(done.kind()).isEqualTo(RestorationKind.PARTIAL);
  }

  @Test
  void collectionDeletedWhileItIsStagedIsCreatedAgain() {
    BackupId backup = server.backup();
    when("after stage collections", () -> server.deleteCollection("c3"));

    RestorationRecord done = completed(server.restore(backup, only("c3")));

    assertThat(server.items("c3")).isEqualTo(server.contentOf(backup).get("c3"));
    assertThat(done.collections().get(0).outcome()).isEqualTo(Outcome.CREATED);
  }

  @Test
  void collectionMadeWhileTheWholeBackupIsStagedKeepsItsItems() {
    BackupId backup = server.backup();
    Map<String, List<StoredItem>> expected = new TreeMap<>(server.content());
    server.saveAll("c1", 20, "changed");
    when("after clone a database", () -> server.fill("since", 4, "new"));

    completed(server.restore(backup));

    expected.put("since", server.items("since"));
    assertThat(server.items("since")).hasSize(4);
    assertThat(server.content()).isEqualTo(expected);
  }

  @Test
  void collectionMadeAtTheLastInstantKeepsItsItems() {
    BackupId backup = server.backup();
    Map<String, List<StoredItem>> expected = new TreeMap<>(server.content());
    server.deleteCollection("c1");
    int[] writes =
        atTheLastInstant(
            () -> {
              server.fill("c1", 2, "made again by somebody else");
              server.fill("since", 4, "new");
            });

    RestorationRecord done = completed(server.restore(backup));

    whileItRuns.clear();
    expected.put("since", server.items("since"));
    assertThat(writes[0]).isGreaterThan(1);
    assertThat(server.items("since")).hasSize(4);
    assertThat(server.content()).isEqualTo(expected);
    assertThat(done.collections())
        .allMatch(entry -> entry.outcome() == Outcome.REPLACED, "REPLACED");
    assertThat(record("c1").fields()).hasSize(1);
  }

  @Test
  void collectionMadeAgainAtTheLastInstantIsReplacedAndNotRemovedByAnUndo() {
    BackupId backup = server.backup();
    server.deleteCollection("c1");
    int[] writes = atTheLastInstant(() -> server.fill("c1", 2, "made again by somebody else"));

    RestorationRecord done = completed(server.restore(backup));

    assertThat(writes[0]).isGreaterThan(1);
    assertThat(server.content()).isEqualTo(server.contentOf(backup));
    assertThat(done.collections())
        .allMatch(entry -> entry.outcome() == Outcome.REPLACED, "REPLACED");
    completed(server.undo(done));
    assertThat(server.items("c1")).hasSize(2);
    assertThat(record("c1").fields()).hasSize(1);
  }

  @Test
  void unknownCollectionIsRefused() {
    BackupId backup = server.backup("c1", "c2");

    StoreFixtures.assertFails(
        Reason.COLLECTION_NOT_FOUND, () -> server.restore(backup, only("c1"), only("c3")));

    assertThat(server.restorations.list(ServerUnderTest.SITE, Set.of(), Optional.empty()))
        .isEmpty();
    server.backups.delete(ServerUnderTest.SITE, backup, "");
  }

  @Test
  void sourceOrDestinationNamedTwiceIsRefused() {
    BackupId backup = server.backup();

    StoreFixtures.assertFails(
        Reason.INVALID_ARGUMENT,
        () -> server.restore(backup, into("c1", "a", ""), into("c1", "b", "")));
    StoreFixtures.assertFails(
        Reason.INVALID_ARGUMENT,
        () -> server.restore(backup, into("c1", "a", ""), into("c2", "a", "")));
  }

  @Test
  void moreCollectionsThanASiteMayHaveAreRefusedAtOnce() {
    BackupId backup = server.backup();

    StoreFixtures.assertFails(
        Reason.COLLECTION_LIMIT_REACHED,
        () ->
            server.restore(backup, into("c1", "a", ""), into("c2", "b", ""), into("c3", "c", "")));

    completed(server.restore(backup, into("c1", "a", ""), into("c2", "b", "")));
  }

  @Test
  void collectionsMadeMeanwhileCanMakeItFailWithTheContentAsItWas() {
    BackupId backup = server.backup();
    when(
        "after stage collections",
        () -> {
          server.createCollection("a");
          server.createCollection("b");
        });

    RestorationRecord failed = server.restore(backup, into("c1", "c", ""));

    assertThat(failed.state()).isEqualTo(RestorationState.FAILED);
    assertThat(failed.failure().orElseThrow().reason()).isEqualTo(Reason.COLLECTION_LIMIT_REACHED);
    assertThat(server.content()).hasSize(12).containsAllEntriesOf(server.contentOf(backup));
  }

  /**
   * Does it once the record says what the switch will make, and the door is not closed yet. That is
   * when a collection made while content was staged has had the record written again.
   *
   * @return how often the record was written again
   */
  private int[] atTheLastInstant(Runnable action) {
    server.deleteCollection("c2");
    when("after flush", () -> server.fill("c2", 2, "made again, too"));
    int[] writes = {0};
    whileItRuns.add(
        step -> {
          if (step.equals("after write to the catalog [restoration, last-change]")
              && ++writes[0] == 1) {
            action.run();
          }
        });
    return writes;
  }

  /** Does something once, at a step of a restoration, on another thread. */
  private void when(String at, Runnable action) {
    boolean[] done = {false};
    whileItRuns.add(
        step -> {
          if (step.equals(at) && !done[0]) {
            done[0] = true;
            Thread other = new Thread(action);
            other.start();
            try {
              other.join();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
        });
  }

  private CollectionRecord record(String collection) {
    return server.sites.collections(ServerUnderTest.SITE).require(id(collection));
  }
}
