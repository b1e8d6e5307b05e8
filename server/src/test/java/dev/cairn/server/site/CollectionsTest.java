package dev.cairn.server.site;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.RIVERS;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.site.Installation.write;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cairn.server.error.Reason;
import dev.cairn.server.site.CollectionRecord.Declaration;
import dev.cairn.server.site.Collections.Counted;
import dev.cairn.server.site.Collections.Description;
import dev.cairn.server.site.Collections.Parts;
import dev.cairn.server.site.FaultyKeyValueStore.Fault;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class CollectionsTest {
  private static final Optional<RequestId> NO_REQUEST = Optional.empty();
  private static final Description FULL =
      new Description(
          "Cities",
          List.of(new Declaration("name", "f1"), new Declaration("size", "f2")),
          List.of(new Declaration("large", "v1")));
  private static final Parts ALL = new Parts(true, true, true);

  @TempDir Path directory;
  private Installation server;

  @BeforeEach
  void open() {
    server = Installation.open(directory.resolve("data")).withSite();
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void createdCollectionIsFoundAlsoAfterReopening() {
    CollectionRecord made = server.collections.create(SITE, CITIES, FULL, NO_REQUEST);

    assertThat(made.revision()).isEqualTo(1);
    assertThat(made.createTime()).isEqualTo(server.clock.instant());
    assertThat(made.updateTime()).isEqualTo(server.clock.instant());
    server = server.reopen();
    Counted found = server.collections.get(SITE, CITIES);
    assertThat(found).isEqualTo(new Counted(made, CollectionStats.EMPTY, CollectionStats.EMPTY));
    assertThat(found.record().displayName()).isEqualTo("Cities");
    assertThat(found.record().fields()).isEqualTo(FULL.fields());
    assertThat(found.record().views()).isEqualTo(FULL.views());
  }

  @Test
  void collectionThatIsNotThereIsNotFoundByAnything() {
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.collections.get(SITE, CITIES));
    assertFails(
        Reason.COLLECTION_NOT_FOUND,
        () -> server.collections.update(SITE, CITIES, FULL, ALL, OptionalLong.empty()));
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.save(live(CITIES), "rome", "{}"));
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.items.get(live(CITIES), "rome"));
    assertThat(server.collections.delete(SITE, CITIES, OptionalLong.empty())).isFalse();
  }

  @Test
  void secondCollectionOfTheSameNameIsRefused() {
    server.create(CITIES);

    assertFails(Reason.COLLECTION_ALREADY_EXISTS, () -> server.create(CITIES));
  }

  @Test
  void collectionsOfASiteAreLimited() {
    Collections limited = new Collections(server.sites, server.commands, server.clock, 2);
    limited.create(SITE, CITIES, Description.NONE, NO_REQUEST);
    limited.ensure(SITE, RIVERS);

    CollectionId third = new CollectionId("lakes");
    assertFails(
        Reason.COLLECTION_LIMIT_REACHED,
        () -> limited.create(SITE, third, Description.NONE, NO_REQUEST));
    assertFails(Reason.COLLECTION_LIMIT_REACHED, () -> limited.ensure(SITE, third));
    assertThat(limited.ensure(SITE, RIVERS).id()).isEqualTo(RIVERS);
    limited.delete(SITE, RIVERS, OptionalLong.empty());
    limited.create(SITE, third, Description.NONE, NO_REQUEST);
    assertThat(limited.count(SITE)).isEqualTo(2);
  }

  // Request ids

  @Test
  void repeatedRequestGivesTheFirstAnswerWhateverHappenedSince() {
    CollectionRecord first = create("r1", "same", CITIES);
    server.clock.advance(Duration.ofHours(1));

    assertThat(create("r1", "same", CITIES)).isEqualTo(first);
    server.collections.update(SITE, CITIES, Description.NONE, ALL, OptionalLong.empty());
    assertThat(create("r1", "same", CITIES)).isEqualTo(first);
    server.collections.delete(SITE, CITIES, OptionalLong.empty());
    assertThat(create("r1", "same", CITIES)).isEqualTo(first);
    assertThat(server.collections.count(SITE)).as("made again").isZero();
  }

  @Test
  void requestIdOfAnotherRequestConflicts() {
    create("r1", "one", CITIES);

    assertFails(Reason.REQUEST_ID_CONFLICT, () -> create("r1", "two", CITIES));
    assertFails(Reason.REQUEST_ID_CONFLICT, () -> create("r1", "two", RIVERS));
    assertThat(server.collections.count(SITE)).isEqualTo(1);
    assertFails(Reason.COLLECTION_ALREADY_EXISTS, () -> create("r2", "one", CITIES));
  }

  @Test
  void collectionAndItsRequestAreRememberedInOneStep() {
    server.store.failAfter(1, Fault.NOT_WRITTEN);
    CollectionRecord first = create("r1", "same", CITIES);
    server.store.failAfter(0, Fault.NONE);

    server = server.reopen();

    assertThat(create("r1", "same", CITIES)).isEqualTo(first);
  }

  private CollectionRecord create(String requestId, String fingerprint, CollectionId id) {
    return server.collections.create(
        SITE, id, FULL, Optional.of(new RequestId(requestId, fingerprint)));
  }

  // Updating

  @Test
  void updateReplacesTheChosenPartsOnly() {
    server.collections.create(SITE, CITIES, FULL, NO_REQUEST);
    server.save(live(CITIES), "rome", "{}");
    server.clock.advance(Duration.ofMinutes(1));
    Description other =
        new Description("Towns", List.of(), List.of(new Declaration("small", "v2")));

    CollectionRecord named = update(other, new Parts(true, false, false));
    CollectionRecord fields = update(other, new Parts(false, true, false));
    CollectionRecord views = update(other, new Parts(false, false, true));

    assertThat(named.displayName()).isEqualTo("Towns");
    assertThat(named.fields()).isEqualTo(FULL.fields());
    assertThat(named.views()).isEqualTo(FULL.views());
    assertThat(fields.fields()).isEmpty();
    assertThat(views.views()).isEqualTo(other.views());
    assertThat(List.of(named, fields, views))
        .extracting(CollectionRecord::revision)
        .containsExactly(2L, 3L, 4L);
    assertThat(views.updateTime()).isEqualTo(server.clock.instant());
    assertThat(views.createTime()).isBefore(views.updateTime());
    server = server.reopen();
    assertThat(server.collections.get(SITE, CITIES).record()).isEqualTo(views);
    assertThat(server.collections.get(SITE, CITIES).live().itemCount()).isEqualTo(1);
  }

  private CollectionRecord update(Description description, Parts parts) {
    return server.collections.update(SITE, CITIES, description, parts, OptionalLong.empty());
  }

  @Test
  void changesAreRefusedWhenTheRevisionIsAnother() {
    server.create(CITIES);

    assertFails(
        Reason.REVISION_MISMATCH,
        () -> server.collections.update(SITE, CITIES, FULL, ALL, OptionalLong.of(2)));
    server.collections.update(SITE, CITIES, FULL, ALL, OptionalLong.of(1));
    assertFails(
        Reason.REVISION_MISMATCH,
        () -> server.collections.delete(SITE, CITIES, OptionalLong.of(1)));
    assertThat(server.collections.delete(SITE, CITIES, OptionalLong.of(2))).isTrue();
  }

  @Test
  void changeThatCannotBeWrittenIsNotSeen() {
    server.create(CITIES);
    server.store.failAfter(0, Fault.NOT_WRITTEN);

    assertFails(Reason.STORAGE_FAILED, () -> update(FULL, ALL));
    assertFails(Reason.STORAGE_FAILED, () -> server.create(RIVERS));
    assertFails(
        Reason.STORAGE_FAILED, () -> server.collections.delete(SITE, CITIES, OptionalLong.empty()));

    server.store.failAfter(0, Fault.NONE);
    assertThat(server.collections.get(SITE, CITIES).record().revision()).isEqualTo(1);
    assertThat(server.collections.count(SITE)).isEqualTo(1);
  }

  @Test
  void takesNoWritesForACollectionWhoseDeletionWasOnlyReportedFailed() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "a", "{}");
    server.store.failAfter(0, Fault.WRITTEN);
    assertFails(
        Reason.STORAGE_FAILED, () -> server.collections.delete(SITE, CITIES, OptionalLong.empty()));
    server.store.failAfter(0, Fault.NONE);

    // The next start would not find it: what it acknowledged would be lost.
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.save(live(CITIES), "b", "{}"));
    server.create(CITIES);

    assertThat(server.content(live(CITIES))).isEmpty();
    server.save(live(RIVERS), "po", "{}");
  }

  // Counting and listing

  @Test
  void countsBothEnvironmentsExactly() {
    server.create(CITIES);
    server.save(live(CITIES), "a", "{}", "b", "{\"x\":1}");
    server.save(sandbox(CITIES), "c", "{}");

    Counted counted = server.collections.get(SITE, CITIES);

    assertThat(counted.live()).isEqualTo(server.items.stats(live(CITIES)));
    assertThat(counted.live().itemCount()).isEqualTo(2);
    assertThat(counted.sandbox().itemCount()).isEqualTo(1);
  }

  @Test
  void countingDoesNotMakeASandbox() {
    server.create(CITIES);

    server.collections.get(SITE, CITIES);
    server.collections.list(SITE, "", 10);

    assertThat(server.siteFiles()).doesNotContain("sandbox");
  }

  @Test
  void listsInPages() {
    for (String name : List.of("b", "a", "C", "a1")) {
      server.create(new CollectionId(name));
    }
    server.save(live(new CollectionId("a1")), "x", "{}");

    assertThat(list("", 10)).containsExactly("C", "a", "a1", "b");
    assertThat(list("", 2)).containsExactly("C", "a");
    assertThat(list("a", 2)).containsExactly("a1", "b");
    assertThat(list("b", 2)).isEmpty();
    assertThat(server.collections.count(SITE)).isEqualTo(4);
    assertThat(server.collections.list(SITE, "a", 1).get(0).live().itemCount()).isEqualTo(1);
  }

  private List<String> list(String after, int limit) {
    return server.collections.list(SITE, after, limit).stream()
        .map(each -> each.record().id().value())
        .toList();
  }

  // Deleting

  @Test
  void deletedCollectionTakesTheItemsOfBothEnvironmentsWithIt() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "rome", "{}");
    server.save(sandbox(CITIES), "oslo", "{}");
    server.save(live(RIVERS), "po", "{}");

    assertThat(server.collections.delete(SITE, CITIES, OptionalLong.empty())).isTrue();

    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.items.get(live(CITIES), "rome"));
    assertThat(server.sites.stats(SITE, Environment.LIVE)).containsOnlyKeys(RIVERS);
    assertThat(server.sites.stats(SITE, Environment.SANDBOX)).isEmpty();
    server.create(CITIES);
    assertThat(server.content(live(CITIES))).isEmpty();
    assertThat(server.content(sandbox(CITIES))).isEmpty();
    assertThat(server.content(live(RIVERS))).containsOnlyKeys("po");
  }

  @Test
  void crashBetweenTheStepsOfADeletionBringsNoItemBack() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "rome", "{}");
    server.save(sandbox(CITIES), "oslo", "{}");
    removeRecordOnly(CITIES);

    try (Installation restarted = server.afterCrash(directory.resolve("copy"))) {
      assertFails(Reason.COLLECTION_NOT_FOUND, () -> restarted.collections.get(SITE, CITIES));
      assertThat(restarted.collections.count(SITE)).isEqualTo(1);
      restarted.create(CITIES);
      assertThat(restarted.content(live(CITIES))).isEmpty();
      assertThat(restarted.content(sandbox(CITIES))).isEmpty();
    }
  }

  @Test
  void itemsThatADeletionLeftGoWithTheNextWriteToTheirEnvironment() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "rome", "{}");
    server.save(sandbox(CITIES), "oslo", "{}");
    removeRecordOnly(CITIES);
    assertThat(server.sites.stats(SITE, Environment.LIVE)).containsKey(CITIES);

    server.save(live(RIVERS), "po", "{}");
    assertThat(server.sites.stats(SITE, Environment.LIVE)).containsOnlyKeys(RIVERS);
    assertThat(server.sites.stats(SITE, Environment.SANDBOX)).containsKey(CITIES);

    server.save(sandbox(RIVERS), "po", "{}");
    assertThat(server.sites.stats(SITE, Environment.SANDBOX)).containsOnlyKeys(RIVERS);
  }

  @Test
  void refusedWriteDoesNotKeepDeletedItemsFromGoing() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "rome", "{}");
    removeRecordOnly(CITIES);

    assertFails(
        Reason.ITEM_NOT_FOUND,
        () ->
            Threads.join(
                server.items.update(live(RIVERS), write("none", "{}"), Installation.PLAIN)));

    assertThat(server.sites.stats(SITE, Environment.LIVE)).containsOnlyKeys(RIVERS);
  }

  /** The first step of a deletion. */
  private void removeRecordOnly(CollectionId id) {
    server.sites.exclusively(
        SITE,
        section -> {
          section.change(List.of(), List.of(id));
          return 1;
        });
  }

  @Test
  void importIntoACollectionMadeAnewBeginsAnew() {
    server.create(CITIES);
    server.create(RIVERS);
    Items.ImportTarget target = new Items.ImportTarget(live(CITIES), "i1", ImportMode.UPSERT);
    Items.ImportTarget other = new Items.ImportTarget(live(RIVERS), "i2", ImportMode.UPSERT);
    importInto(target, write("rome", "{}"));
    importInto(other, write("po", "{}"));
    server.collections.delete(SITE, CITIES, OptionalLong.empty());
    server.create(CITIES);

    assertThat(server.items.openImport(target, false).acknowledged()).isZero();
    assertThat(server.items.openImport(other, false).acknowledged()).isEqualTo(1);
  }

  private void importInto(Items.ImportTarget target, ItemWrite write) {
    Items.Batch first = new Items.Batch(1, List.of(write));
    var unused = server.items.importBatches(target, List.of(first)).get(0).result();
  }

  @Test
  void deletionThatFailsAfterItsFirstStepIsADeletion() {
    server.create(CITIES);
    server.create(RIVERS);
    server.save(live(CITIES), "rome", "{}");

    assertThatThrownBy(
            () ->
                server.sites.exclusively(
                    SITE,
                    section -> {
                      section.change(List.of(), List.of(CITIES));
                      throw new IllegalStateException("broken off");
                    }))
        .hasMessage("broken off");

    assertFails(Reason.COLLECTION_NOT_FOUND, () -> server.collections.get(SITE, CITIES));
    server.save(live(RIVERS), "po", "{}");
    assertThat(server.sites.stats(SITE, Environment.LIVE)).containsOnlyKeys(RIVERS);
  }

  @Test
  void creationThatFailsOnceInTheCatalogCanBeRepeated() {
    for (Fault fault : List.of(Fault.NOT_WRITTEN, Fault.WRITTEN)) {
      CollectionId id = new CollectionId("c-" + fault);
      server.store.failAfter(0, fault);
      @Nullable Throwable failure = catchThrowable(() -> create("r-" + fault, "f", id));
      assertThat(failure).isNotNull();
      server.store.failAfter(0, Fault.NONE);

      server = server.reopen();
      CollectionRecord record = create("r-" + fault, "f", id);
      assertThat(server.collections.get(SITE, id).record()).isEqualTo(record);
      server.save(live(id), "x", "{}");
      assertThat(server.content(live(id))).isEqualTo(Map.of("x", "{}"));
    }
  }
}
