package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.id;
import static dev.cairn.server.restore.ServerUnderTest.wish;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything that a backup holds is put back. */
final class FullRestorationTest {
  @TempDir Path directory;
  private ServerUnderTest server;

  @BeforeEach
  void start() {
    server = ServerUnderTest.withSite(directory);
    server.fill("books", 30, "old");
    server.fill("films", 20, "old");
  }

  @AfterEach
  void stop() {
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void contentEqualsTheBackupExactly() {
    server.save("books", "1", "changed once");
    server.deleteItem("films", "3");
    Map<String, List<StoredItem>> then = server.content();
    BackupId backup = server.backup();
    server.save("books", "1", "changed again");
    server.save("books", "new", "new");
    server.deleteItem("books", "2");
    server.saveAll("films", 20, "all changed");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.content()).isEqualTo(then);
    assertThat(server.items("books").get(0).revision()).isEqualTo(2);
    assertThat(done.kind()).isEqualTo(RestorationKind.FULL);
    assertThat(outcomes(done)).containsExactly("books REPLACED 30", "films REPLACED 19");
    assertThat(done.log()).filteredOn(line -> line.message().startsWith("checked")).hasSize(1);
  }

  @Test
  void contentSurvivesARestart() {
    Map<String, List<StoredItem>> then = server.content();
    BackupId backup = server.backup();
    server.saveAll("books", 40, "changed");
    completed(server.restore(backup));
    server.save("books", "after", "written to what was restored");
    Map<String, List<StoredItem>> now = server.content();

    server.close();
    server = ServerUnderTest.on(directory).start();

    assertThat(server.content()).isEqualTo(now);
    assertThat(now.get("films")).isEqualTo(then.get("films"));
  }

  @Test
  void sameBackupCanBeRestoredAgainAndAgain() {
    Map<String, List<StoredItem>> then = server.content();
    BackupId backup = server.backup();
    for (int round = 0; round < 4; round++) {
      server.saveAll("books", 35, "round " + round);
      completed(server.restore(backup));
      assertThat(server.content()).isEqualTo(then);
    }
    assertThat(server.pool.openCount()).isEqualTo(1);
  }

  @Test
  void collectionThatTheBackupLacksKeepsItsItems() {
    BackupId backup = server.backup();
    server.fill("songs", 12, "made since");
    List<StoredItem> songs = server.items("songs");
    server.saveAll("books", 30, "changed");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.items("songs")).isEqualTo(songs);
    assertThat(server.content()).containsAllEntriesOf(server.contentOf(backup));
    assertThat(outcomes(done)).containsExactly("books REPLACED 30", "films REPLACED 20");
  }

  @Test
  void emptyCollectionThatTheBackupLacksStaysAndCanBeUsed() {
    BackupId backup = server.backup();
    server.createCollection("songs");

    completed(server.restore(backup));

    assertThat(server.items("songs")).isEmpty();
    server.save("songs", "1", "first");
    assertThat(server.items("songs")).hasSize(1);
  }

  @Test
  void deletedCollectionComesBackWithoutSchema() {
    List<StoredItem> films = server.items("films");
    BackupId backup = server.backup();
    server.deleteCollection("films");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.items("films")).isEqualTo(films);
    CollectionRecord record = server.sites.collections(ServerUnderTest.SITE).require(id("films"));
    assertThat(record.displayName()).isEqualTo("The films");
    assertThat(record.fields()).isEmpty();
    assertThat(record.views()).isEmpty();
    assertThat(outcomes(done)).containsExactly("books REPLACED 30", "films CREATED 20");
    assertThat(done.log())
        .anyMatch(line -> line.message().equals("collection films was created without schema"));
    assertThat(done.log()).noneMatch(line -> line.message().contains("books was created"));
  }

  @Test
  void schemasViewsAndSandboxAreUntouched() {
    server.saveInSandbox("books", "1", "sandbox");
    BackupId backup = server.backup();
    server.saveInSandbox("books", "2", "sandbox too");
    server.saveAll("books", 3, "changed");
    List<CollectionRecord> records = server.collectionRecords();
    Map<String, List<StoredItem>> sandbox = server.content(Environment.SANDBOX);

    completed(server.restore(backup));

    assertThat(server.collectionRecords()).isEqualTo(records);
    assertThat(server.content(Environment.SANDBOX)).isEqualTo(sandbox);
    assertThat(sandbox.get("books")).hasSize(2);
  }

  @Test
  void backupOfChosenCollectionsLeavesTheOthersAlone() {
    List<StoredItem> films = server.items("films");
    BackupId backup = server.backup("films");
    server.saveAll("films", 25, "changed");
    server.saveAll("books", 30, "changed");
    List<StoredItem> books = server.items("books");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.items("films")).isEqualTo(films);
    assertThat(server.items("books")).isEqualTo(books);
    assertThat(outcomes(done)).containsExactly("films REPLACED 20");
  }

  @Test
  void emptyCollectionsAreRestoredEmpty() {
    server.createCollection("songs");
    BackupId backup = server.backup();
    server.save("songs", "1", "since");
    server.createCollection("games");

    completed(server.restore(backup));

    assertThat(server.items("songs")).isEmpty();
    assertThat(server.content()).containsOnlyKeys("books", "films", "games", "songs");
  }

  @Test
  void deletedEmptyCollectionComesBack() {
    server.createCollection("songs");
    BackupId backup = server.backup();
    server.deleteCollection("songs");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.items("songs")).isEmpty();
    assertThat(outcomes(done)).contains("songs CREATED 0");
  }

  @Test
  void backupOfAnEmptySiteRestoresNothingAndHarmsNothing() {
    server.deleteCollection("books");
    server.deleteCollection("films");
    BackupId backup = server.backup();
    server.fill("books", 3, "since");
    Map<String, List<StoredItem>> now = server.content();

    RestorationRecord done = completed(server.restore(backup));

    assertThat(done.collections()).isEmpty();
    assertThat(server.content()).isEqualTo(now);
  }

  @Test
  void intoAnEmptySiteEverythingIsCreated() {
    Map<String, List<StoredItem>> then = server.content();
    BackupId backup = server.backup();
    server.deleteCollection("books");
    server.deleteCollection("films");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.content()).isEqualTo(then);
    assertThat(outcomes(done)).containsExactly("books CREATED 30", "films CREATED 20");
  }

  @Test
  void filesAreNotReadWhenTheCallerSkipsTheCheck() {
    BackupId backup = server.backup();
    Restorations.Request unchecked =
        new Restorations.Request(
            ServerUnderTest.SITE,
            backup,
            List.of(),
            VerificationMode.SKIP,
            false,
            "tester",
            wish(backup).requestId());

    RestorationRecord done = completed(server.start(unchecked));

    assertThat(done.verification()).isEqualTo(VerificationMode.SKIP);
    assertThat(done.log()).noneMatch(line -> line.message().startsWith("checked"));
  }

  private static List<String> outcomes(RestorationRecord record) {
    return record.collections().stream().map(FullRestorationTest::describe).toList();
  }

  private static String describe(Entry entry) {
    assertThat(entry.outcome()).isNotEqualTo(Outcome.NONE);
    return entry.destination() + " " + entry.outcome() + " " + entry.itemCount();
  }
}
