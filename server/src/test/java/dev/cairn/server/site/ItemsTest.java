package dev.cairn.server.site;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.PLAIN;
import static dev.cairn.server.site.Installation.RIVERS;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.expecting;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.once;
import static dev.cairn.server.site.Installation.owned;
import static dev.cairn.server.site.Installation.removal;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.site.Installation.write;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ItemsTest {
  @TempDir Path directory;
  private Installation server;

  @BeforeEach
  void open() {
    server = Installation.open(directory.resolve("data")).withSite(CITIES, RIVERS);
  }

  @AfterEach
  void close() {
    server.close();
  }

  // One item

  @Test
  void insertedItemIsReadAgainAlsoAfterReopening() {
    SavedItem saved =
        Threads.join(server.items.insert(live(CITIES), owned("rome", "{\"n\":1}", "ann"), PLAIN));

    Instant now = server.clock.instant();
    assertThat(saved.inserted()).isTrue();
    assertThat(saved.item())
        .isEqualTo(new StoredItem("rome", saved.item().data(), "ann", now, now, 1));
    assertThat(server.items.get(live(CITIES), "rome")).isEqualTo(saved.item());
    server = server.reopen();
    assertThat(server.items.get(live(CITIES), "rome")).isEqualTo(saved.item());
  }

  @Test
  void insertRefusesAnIdThatIsThere() {
    server.save(live(CITIES), "rome", "{}");

    assertFails(
        Reason.ITEM_ALREADY_EXISTS,
        () -> Threads.join(server.items.insert(live(CITIES), write("rome", "{\"n\":2}"), PLAIN)));

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("rome", "{}"));
  }

  @Test
  void updateReplacesAndKeepsOwnerAndCreateTime() {
    SavedItem first =
        Threads.join(server.items.insert(live(CITIES), owned("rome", "{}", "ann"), PLAIN));
    server.clock.advance(Duration.ofMinutes(1));

    SavedItem second =
        Threads.join(server.items.update(live(CITIES), write("rome", "{\"n\":2}"), PLAIN));
    SavedItem third =
        Threads.join(server.items.update(live(CITIES), owned("rome", "{}", "bob"), PLAIN));

    assertThat(second.inserted()).isFalse();
    assertThat(second.item().owner()).isEqualTo("ann");
    assertThat(second.item().revision()).isEqualTo(2);
    assertThat(second.item().createTime()).isEqualTo(first.item().createTime());
    assertThat(second.item().updateTime()).isEqualTo(server.clock.instant());
    assertThat(third.item().owner()).isEqualTo("bob");
    assertThat(server.items.get(live(CITIES), "rome")).isEqualTo(third.item());
  }

  @Test
  void whatIsMissingIsNotFound() {
    assertFails(
        Reason.ITEM_NOT_FOUND,
        () -> Threads.join(server.items.update(live(CITIES), write("rome", "{}"), PLAIN)));
    assertFails(Reason.ITEM_NOT_FOUND, () -> server.items.get(live(CITIES), "rome"));
    assertFails(Reason.ITEM_NOT_FOUND, () -> delete(false, removal("rome")));
    assertThat(delete(true, removal("rome"))).containsExactly("rome");
    assertFails(
        Reason.COLLECTION_NOT_FOUND, () -> server.save(live(new CollectionId("no")), "a", "{}"));
    assertFails(
        Reason.SITE_NOT_FOUND,
        () -> server.save(new Items.Place(new SiteId("no"), CITIES, Environment.LIVE), "a", "{}"));
  }

  @Test
  void expectedRevisionsAreRequired() {
    Threads.join(server.items.save(live(CITIES), List.of(expecting("rome", "{}", 0)), PLAIN));

    assertThatThrownBy(
            () ->
                Threads.join(
                    server.items.save(live(CITIES), List.of(expecting("rome", "{}", 0)), PLAIN)))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.REVISION_MISMATCH);
              assertThat(e.metadata())
                  .containsEntry("item_id", "rome")
                  .containsEntry("expected_revision", "0")
                  .containsEntry("actual_revision", "1");
            });
    assertFails(
        Reason.REVISION_MISMATCH,
        () -> Threads.join(server.items.update(live(CITIES), expecting("rome", "{}", 2), PLAIN)));
    Threads.join(server.items.update(live(CITIES), expecting("rome", "{}", 1), PLAIN));
    assertFails(
        Reason.REVISION_MISMATCH,
        () ->
            Threads.join(
                server.items.save(live(CITIES), List.of(expecting("oslo", "{}", 1)), PLAIN)));
    assertFails(
        Reason.REVISION_MISMATCH, () -> delete(true, new Removal("rome", OptionalLong.of(1))));
    assertThat(delete(false, new Removal("rome", OptionalLong.of(2)))).isEmpty();
    assertThat(delete(true, new Removal("rome", OptionalLong.of(2)))).containsExactly("rome");
  }

  private List<String> delete(boolean allowMissing, Removal... removals) {
    return Threads.join(
        server.items.delete(
            live(CITIES), Arrays.asList(removals), allowMissing, Durability.SYNCED));
  }

  // Batches

  @Test
  void batchIsAnsweredInItsOrder() {
    server.save(live(CITIES), "b", "{}");

    List<SavedItem> saved = server.save(live(CITIES), "c", "{}", "a", "{}", "b", "{}");

    assertThat(saved).extracting(each -> each.item().id()).containsExactly("c", "a", "b");
    assertThat(saved).extracting(SavedItem::inserted).containsExactly(true, true, false);
    assertThat(saved).extracting(each -> each.item().revision()).containsExactly(1L, 1L, 2L);
  }

  @Test
  void batchIsAppliedWholeOrNotAtAll() {
    server.save(live(CITIES), "a", "1", "b", "2");

    assertFails(
        Reason.REVISION_MISMATCH,
        () ->
            Threads.join(
                server.items.save(
                    live(CITIES),
                    List.of(write("a", "9"), write("c", "9"), expecting("b", "9", 7)),
                    PLAIN)));
    assertFails(Reason.ITEM_NOT_FOUND, () -> delete(false, removal("a"), removal("x")));

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "1", "b", "2"));
    assertThat(server.items.stats(live(CITIES)).itemCount()).isEqualTo(2);
    assertThat(delete(true, removal("a"), removal("x"), removal("y"))).containsExactly("x", "y");
    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("b", "2"));
  }

  @Test
  void refusedWriteLeavesItsNeighboursInTheGroupAlone() {
    Site site = server.sites.require(SITE);
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    server.sites.exclusively(
        SITE,
        section -> {
          for (int i = 0; i < 6; i++) {
            int number = i;
            int before = i;
            writers.add(
                Threads.start(
                    () ->
                        Threads.join(
                            server.items.save(
                                number % 3 == 2 ? sandbox(CITIES) : live(CITIES),
                                List.of(
                                    write("n" + number, "{}"),
                                    expecting("x", "{}", number == 1 ? 5 : 0)),
                                PLAIN))));
            Threads.await("it waits", () -> site.waiting() == before + 1);
          }
          return 1;
        });

    List<Boolean> refused = new ArrayList<>();
    for (CompletableFuture<Void> writer : writers) {
      try {
        Threads.join(writer);
        refused.add(false);
      } catch (ServiceException e) {
        assertThat(e.reason()).isEqualTo(Reason.REVISION_MISMATCH);
        refused.add(true);
      }
    }

    // Of those that want "x" to be new, only the first in each environment can be right.
    assertThat(refused).containsExactly(false, true, false, true, true, true);
    assertThat(server.content(live(CITIES))).containsOnlyKeys("n0", "x");
    assertThat(server.content(sandbox(CITIES))).containsOnlyKeys("n2", "x");
    assertThat(server.items.stats(live(CITIES)).itemCount()).isEqualTo(2);
  }

  @Test
  void getsThoseThatExist() {
    server.save(live(CITIES), "a", "1", "b", "2");

    Map<String, StoredItem> found = server.items.get(live(CITIES), List.of("b", "x", "a"));

    assertThat(found).containsOnlyKeys("a", "b");
  }

  // Request ids

  @Test
  void repeatedRequestGivesTheFirstAnswerAndWritesNothing() {
    List<ItemWrite> writes = List.of(owned("rome", "{\"n\":1}", "ann"), write("oslo", "{}"));
    server.save(live(CITIES), "oslo", "{\"old\":1}");
    List<SavedItem> first = Threads.join(server.items.save(live(CITIES), writes, once("r1", "f")));
    server.clock.advance(Duration.ofHours(1));
    server.save(live(CITIES), "rome", "{\"n\":2}");
    delete(false, removal("oslo"));

    assertThat(Threads.join(server.items.save(live(CITIES), writes, once("r1", "f"))))
        .isEqualTo(first);

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("rome", "{\"n\":2}"));
    server = server.reopen();
    assertThat(Threads.join(server.items.save(live(CITIES), writes, once("r1", "f"))))
        .isEqualTo(first);
    assertFails(
        Reason.REQUEST_ID_CONFLICT,
        () -> Threads.join(server.items.save(live(CITIES), writes, once("r1", "other"))));
  }

  @Test
  void idMadeForTheFirstRequestIsAnsweredToTheSecond() {
    SavedItem first =
        Threads.join(
            server.items.insert(live(CITIES), write(server.items.newId(), "{}"), once("r1", "f")));

    SavedItem second =
        Threads.join(
            server.items.insert(live(CITIES), write(server.items.newId(), "{}"), once("r1", "f")));

    assertThat(second).isEqualTo(first);
    assertThat(server.content(live(CITIES))).containsOnlyKeys(first.item().id());
  }

  @Test
  void refusedRequestIsNotRemembered() {
    server.save(live(CITIES), "rome", "{}");
    assertFails(
        Reason.ITEM_ALREADY_EXISTS,
        () ->
            Threads.join(server.items.insert(live(CITIES), write("rome", "{}"), once("r1", "f"))));
    delete(false, removal("rome"));

    assertThat(
            Threads.join(server.items.insert(live(CITIES), write("rome", "{}"), once("r1", "f")))
                .inserted())
        .isTrue();
  }

  @Test
  void sameRequestFromManyThreadsAtOnceIsMadeOnce() {
    Threads.joinAll(
        Threads.start(
            8,
            number ->
                Threads.join(
                    server.items.insert(live(CITIES), write("rome", "{}"), once("r1", "f")))));

    assertThat(server.items.get(live(CITIES), "rome").revision()).isEqualTo(1);
  }

  @Test
  void requestsAndImportsAreForgottenWhenTheyAreOld() {
    Threads.join(server.items.insert(live(CITIES), write("a", "{}"), once("r1", "f")));
    importInto(CITIES, "i1", ImportMode.UPSERT, 1, "b");
    server.clock.advance(Duration.ofHours(1));
    Threads.join(server.items.insert(live(CITIES), write("c", "{}"), once("r2", "f")));
    importInto(CITIES, "i2", ImportMode.UPSERT, 1, "d");

    assertThat(server.items.purgeMarkers(SITE, Environment.LIVE, server.clock.instant()))
        .isEqualTo(2);

    assertFails(
        Reason.ITEM_ALREADY_EXISTS,
        () -> Threads.join(server.items.insert(live(CITIES), write("a", "{}"), once("r1", "f"))));
    assertThat(
            Threads.join(server.items.insert(live(CITIES), write("c", "{}"), once("r2", "f")))
                .inserted())
        .isTrue();
    assertThat(openImport(CITIES, "i1").acknowledged()).isZero();
    assertThat(openImport(CITIES, "i2").acknowledged()).isEqualTo(1);
  }

  // Imports

  @Test
  void importCountsWhatItDidOverAllItsBatches() {
    server.save(live(CITIES), "b", "old");

    assertThat(openImport(CITIES, "i1").acknowledged()).isZero();
    ImportProgress one = importInto(CITIES, "i1", ImportMode.UPSERT, 1, "a", "b");
    ImportProgress two = importInto(CITIES, "i1", ImportMode.UPSERT, 2, "c");

    assertThat(one.inserted()).isEqualTo(1);
    assertThat(one.updated()).isEqualTo(1);
    assertThat(two).isEqualTo(new ImportProgress(CITIES, 2, 3, 2, 1, 0, 6, server.clock.instant()));
    server = server.reopen();
    assertThat(openImport(CITIES, "i1")).isEqualTo(two);
    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "{}", "b", "{}", "c", "{}"));
  }

  @Test
  void batchSentAgainIsAcknowledgedAndNotApplied() {
    ImportProgress one = importInto(CITIES, "i1", ImportMode.UPSERT, 1, "a");
    server.save(live(CITIES), "a", "changed");

    assertThat(importInto(CITIES, "i1", ImportMode.UPSERT, 1, "a")).isEqualTo(one);

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "changed"));
  }

  @Test
  void batchThatLeavesAGapIsRefused() {
    importInto(CITIES, "i1", ImportMode.UPSERT, 1, "a");

    assertThatThrownBy(() -> importInto(CITIES, "i1", ImportMode.UPSERT, 3, "b"))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.IMPORT_SEQUENCE_GAP);
              assertThat(e.metadata()).containsEntry("expected_sequence", "2");
            });
    assertThat(server.content(live(CITIES))).containsOnlyKeys("a");
  }

  @Test
  void importSkipsWhatIsThereWhenAskedTo() {
    server.save(live(CITIES), "b", "old");

    ImportProgress progress = importInto(CITIES, "i1", ImportMode.SKIP_EXISTING, 1, "a", "b");

    assertThat(progress.inserted()).isEqualTo(1);
    assertThat(progress.updated()).isZero();
    assertThat(progress.skipped()).isEqualTo(1);
    assertThat(progress.received()).isEqualTo(2);
    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "{}", "b", "old"));
  }

  @Test
  void importThatMayOnlyInsertRefusesTheWholeBatch() {
    server.save(live(CITIES), "b", "old");
    importInto(CITIES, "i1", ImportMode.INSERT_ONLY, 1, "a");

    assertFails(
        Reason.ITEM_ALREADY_EXISTS,
        () -> importInto(CITIES, "i1", ImportMode.INSERT_ONLY, 2, "c", "b"));

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "{}", "b", "old"));
    assertThat(openImport(CITIES, "i1").acknowledged()).isEqualTo(1);
    assertThat(importInto(CITIES, "i1", ImportMode.INSERT_ONLY, 2, "c").acknowledged())
        .isEqualTo(2);
  }

  @Test
  void batchesThatAreAppliedTogetherFailAlone() {
    server.save(live(CITIES), "b", "old");
    Items.ImportTarget target = new Items.ImportTarget(live(CITIES), "i1", ImportMode.INSERT_ONLY);

    List<Submission<ImportProgress>> outcomes =
        server.items.importBatches(
            target,
            List.of(batch(1, "a", "x"), batch(2, "c", "b"), batch(3, "d"), batch(1, "again")));

    assertThat(outcomes.get(0).result().acknowledged()).isEqualTo(1);
    assertFails(Reason.ITEM_ALREADY_EXISTS, () -> outcomes.get(1).result());
    assertFails(Reason.IMPORT_SEQUENCE_GAP, () -> outcomes.get(2).result());
    assertThat(outcomes.get(3).result().received()).isEqualTo(2);
    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("a", "{}", "b", "old", "x", "{}"));
    assertThat(openImport(CITIES, "i1").acknowledged()).isEqualTo(1);
  }

  private static Items.Batch batch(long sequence, String... ids) {
    return new Items.Batch(sequence, Arrays.stream(ids).map(id -> write(id, "{}")).toList());
  }

  @Test
  void importIdOfAnotherCollectionConflicts() {
    importInto(CITIES, "i1", ImportMode.UPSERT, 1, "a");

    assertFails(
        Reason.REQUEST_ID_CONFLICT, () -> importInto(RIVERS, "i1", ImportMode.UPSERT, 1, "a"));
    assertFails(Reason.REQUEST_ID_CONFLICT, () -> openImport(RIVERS, "i1"));
  }

  @Test
  void importMakesItsCollectionWhenAskedTo() {
    CollectionId lakes = new CollectionId("lakes");
    Items.ImportTarget target = new Items.ImportTarget(live(lakes), "i1", ImportMode.UPSERT);
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.items.openImport(target, false));

    assertThat(server.items.openImport(target, true).acknowledged()).isZero();
    server.items.openImport(target, true);

    assertThat(server.collections.get(SITE, lakes).record().fields()).isEmpty();
    importInto(lakes, "i1", ImportMode.UPSERT, 1, "como");
    assertThat(server.content(live(lakes))).containsOnlyKeys("como");
  }

  private ImportProgress openImport(CollectionId collection, String importId) {
    return server.items.openImport(
        new Items.ImportTarget(live(collection), importId, ImportMode.UPSERT), false);
  }

  private ImportProgress importInto(
      CollectionId collection, String importId, ImportMode mode, long sequence, String... ids) {
    Items.ImportTarget target = new Items.ImportTarget(live(collection), importId, mode);
    return server.items.importBatches(target, List.of(batch(sequence, ids))).get(0).result();
  }

  // Reading many

  @Test
  void listsInPagesThatEndByCountOrBySize() {
    server.save(live(CITIES), "a", "1111", "b", "22", "c", "3333", "d", "4", "e", "5");

    assertPage("", 2, 100, true, "a", "b");
    assertPage("b", 3, 100, false, "c", "d", "e");
    assertPage("b", 2, 100, true, "c", "d");
    assertPage("", 10, 5, true, "a", "b");
    assertPage("", 10, 1, true, "a");
    assertPage("bb", 10, 100, false, "c", "d", "e");
    assertPage("e", 10, 100, false);
  }

  private void assertPage(
      String after, int limit, long maxBytes, boolean more, String... expected) {
    Items.Page page = server.items.list(live(CITIES), after, limit, maxBytes);

    assertThat(page.items()).extracting(StoredItem::id).containsExactly(expected);
    assertThat(page.more()).isEqualTo(more);
    assertThat(page.total()).isEqualTo(5);
  }

  @Test
  void exportShowsOneMomentWhileWritersGoOn() {
    // Each write moves one from one item to another: at every moment the sum is the same.
    server.save(live(CITIES), "left", "500", "right", "500", "z", "0");
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Void> writer =
        Threads.start(
            () -> {
              for (int i = 0; !done.get(); i++) {
                int left = i % 1_000;
                Threads.join(
                    server.items.save(
                        live(CITIES),
                        List.of(write("left", "" + left), write("right", "" + (1_000 - left))),
                        new Items.WriteOptions(Optional.empty(), Durability.BUFFERED)));
              }
            });

    for (int i = 0; i < 100; i++) {
      int sum = 0;
      int count = 0;
      try (Items.Export export = server.items.export(live(CITIES), "")) {
        assertThat(export.cursor().stats().itemCount()).isEqualTo(3);
        while (export.cursor().next()) {
          sum += Integer.parseInt(export.cursor().item().data().toStringUtf8());
          count++;
        }
      }
      assertThat(sum).isEqualTo(1_000);
      assertThat(count).isEqualTo(3);
    }
    done.set(true);
    Threads.join(writer);
  }

  @Test
  void exportBeginsAfterAnIdAndIsOfItsMoment() {
    server.save(live(CITIES), "a", "1", "b", "2", "c", "3");
    try (Items.Export export = server.items.export(live(CITIES), "a")) {
      server.save(live(CITIES), "bb", "4", "c", "5");

      assertThat(export.snapshotTime()).isEqualTo(server.clock.instant());
      List<StoredItem> items = StoreFixtures.rest(export.cursor());
      assertThat(items).extracting(StoredItem::id).containsExactly("b", "c");
      assertThat(items.get(1).data().toStringUtf8()).isEqualTo("3");
    }
    assertThat(server.pool.openCount()).isEqualTo(1);
  }

  @Test
  void truncateRemovesAllItemsOfOneEnvironment() {
    server.save(live(CITIES), "a", "1", "b", "2");
    server.save(sandbox(CITIES), "c", "3");
    server.save(live(RIVERS), "po", "{}");

    assertThat(server.items.truncate(live(CITIES))).isEqualTo(2);

    assertThat(server.items.truncate(live(CITIES))).isZero();
    assertThat(server.content(live(CITIES))).isEmpty();
    assertThat(server.items.stats(live(CITIES)).itemCount()).isZero();
    assertThat(server.content(sandbox(CITIES))).containsOnlyKeys("c");
    assertThat(server.content(live(RIVERS))).containsOnlyKeys("po");
    server.save(live(CITIES), "d", "4");
    server = server.reopen();
    assertThat(server.content(live(CITIES))).containsOnlyKeys("d");
    assertThat(server.content(sandbox(CITIES))).containsOnlyKeys("c");
  }

  @Test
  void environmentsAreSeparate() {
    server.save(live(CITIES), "rome", "live");
    server.save(sandbox(CITIES), "rome", "sandbox", "oslo", "{}");

    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("rome", "live"));
    assertThat(server.content(sandbox(CITIES))).isEqualTo(Map.of("rome", "sandbox", "oslo", "{}"));
    Threads.join(
        server.items.delete(sandbox(CITIES), List.of(removal("rome")), false, Durability.SYNCED));
    server = server.reopen();
    assertThat(server.content(live(CITIES))).isEqualTo(Map.of("rome", "live"));
    assertThat(server.content(sandbox(CITIES))).isEqualTo(Map.of("oslo", "{}"));
  }

  // Everything together

  @Test
  void countsAndContentAreExactAfterARandomMix() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    List<Model> models =
        List.of(new Model(live(CITIES)), new Model(sandbox(CITIES)), new Model(live(RIVERS)));

    for (int i = 0; i < 400; i++) {
      Model model = models.get(random.nextInt(models.size()));
      change(random, model.place, model.items);
      if (i % 200 == 199) {
        server = server.reopen();
      }
    }

    for (Model model : models) {
      assertThat(server.content(model.place)).as("seed " + seed).isEqualTo(model.items);
      assertThat(server.items.stats(model.place))
          .as("seed " + seed)
          .isEqualTo(StoreFixtures.statsOf(server.stored(model.place)));
    }
  }

  /** What a place should hold. */
  private record Model(Items.Place place, TreeMap<String, String> items) {
    Model(Items.Place place) {
      this(place, new TreeMap<>());
    }
  }

  /** One random change to the items and to the model of them. */
  private void change(Random random, Items.Place place, TreeMap<String, String> model) {
    List<String> ids =
        random.ints(1 + random.nextInt(4), 0, 12).distinct().mapToObj(n -> "i" + n).toList();
    String data = "d".repeat(1 + random.nextInt(30));
    try {
      switch (random.nextInt(8)) {
        case 0 -> {
          long removed = server.items.truncate(place);
          assertThat(removed).isEqualTo(model.size());
          model.clear();
        }
        case 1, 2 -> {
          boolean allowMissing = random.nextBoolean();
          Threads.join(
              server.items.delete(
                  place,
                  ids.stream().map(Installation::removal).toList(),
                  allowMissing,
                  Durability.BUFFERED));
          assertThat(allowMissing || model.keySet().containsAll(ids)).isTrue();
          ids.forEach(model::remove);
        }
        case 3 -> {
          Threads.join(server.items.insert(place, write(ids.get(0), data), PLAIN));
          assertThat(model.put(ids.get(0), data)).isNull();
        }
        default -> {
          Threads.join(
              server.items.save(
                  place,
                  ids.stream().map(id -> write(id, data)).toList(),
                  new Items.WriteOptions(Optional.empty(), Durability.BUFFERED)));
          ids.forEach(id -> model.put(id, data));
        }
      }
    } catch (ServiceException e) {
      switch (e.reason()) {
        case ITEM_NOT_FOUND -> assertThat(model.keySet().containsAll(ids)).isFalse();
        case ITEM_ALREADY_EXISTS -> assertThat(model).containsKey(ids.get(0));
        default -> throw e;
      }
    }
  }

  @Test
  void writersOfManyThreadsLoseNothing() {
    Threads.joinAll(
        Threads.start(
            8,
            number -> {
              for (int i = 0; i < 40; i++) {
                Threads.join(
                    server.items.save(
                        live(number % 2 == 0 ? CITIES : RIVERS),
                        List.of(write(number + "-" + i, "{}"), write("shared", "{}")),
                        PLAIN));
              }
            }));

    for (CollectionId collection : List.of(CITIES, RIVERS)) {
      assertThat(server.items.stats(live(collection)).itemCount()).isEqualTo(161);
      assertThat(server.items.get(live(collection), "shared").revision()).isEqualTo(160);
    }
    try (Installation restarted = server.afterCrash(directory.resolve("copy"))) {
      assertThat(restarted.content(live(CITIES))).hasSize(161);
    }
  }
}
