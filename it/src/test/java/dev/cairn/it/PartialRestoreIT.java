package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.History.Effect;
import dev.cairn.it.History.Write;
import dev.cairn.v1.Backup;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.FieldType;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationKind;
import dev.cairn.v1.RestorationOutcome;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.UndoRestorationRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Putting back some of a site, elsewhere, and taking it back again. */
class PartialRestoreIT {
  private static final String SITE = "shop";
  private static final List<String> TEN = IntStream.range(0, 10).mapToObj(i -> "c" + i).toList();

  @RegisterExtension final Servers servers = new Servers();
  private Cairn cairn = Cairn.connect("127.0.0.1:1");
  private Backup backup = Backup.getDefaultInstance();
  private Content good = Content.NONE;

  @BeforeEach
  void tenCollections() {
    cairn.close();
    cairn = servers.start().connect();
    cairn.createSite(SITE, TEN);
    TEN.forEach(id -> cairn.fill(SITE, id, 120, "good"));
    backup = cairn.verifiedBackup(SITE);
    good = Content.of(cairn, SITE);
    TEN.forEach(id -> cairn.fill(SITE, id, 130, "newer"));
    TEN.forEach(id -> cairn.delete(SITE, id, Cairn.itemId(3)));
  }

  @AfterEach
  void disconnect() {
    cairn.close();
  }

  private Restoration restore(RestorationSelection... selections) {
    return cairn.completed(
        cairn
            .restorations()
            .restorePartialBackup(
                RestorePartialBackupRequest.newBuilder()
                    .setSiteId(SITE)
                    .setBackupId(backup.getId())
                    .addAllCollections(List.of(selections))
                    .build())
            .getRestoration());
  }

  private Restoration undo(Restoration restoration) {
    return cairn.completed(
        cairn
            .restorations()
            .undoRestoration(
                UndoRestorationRequest.newBuilder()
                    .setSiteId(SITE)
                    .setRestorationId(restoration.getId())
                    .build())
            .getRestoration());
  }

  private static RestorationSelection of(String id) {
    return RestorationSelection.newBuilder().setCollectionId(id).build();
  }

  private static RestorationSelection of(String id, String destination, String name) {
    return RestorationSelection.newBuilder()
        .setCollectionId(id)
        .setDestination(
            RestorationDestination.newBuilder().setCollectionId(destination).setDisplayName(name))
        .build();
  }

  @Test
  void leavesTheOtherNineAsTheyAreWithWhatIsWrittenMeanwhile() {
    SiteModel model = new SiteModel(SITE);
    model.begin(Content.of(cairn, SITE));
    Load load = new Load();
    for (int i = 0; i < 4; i++) {
      String name = "w" + i;
      Random random = new Random(i);
      int[] count = {0};
      load.start(
          name,
          () -> {
            String collection = TEN.get(1 + random.nextInt(9));
            Item item =
                Cairn.item(
                    name + "-" + random.nextInt(50),
                    "{\"n\":" + ++count[0] + ",\"by\":\"" + name + "\"}");
            Write write =
                model.history.begin(
                    new Write(
                        name + "#" + count[0],
                        Place.live(collection),
                        Map.of(item.getId(), Effect.of(item.getData()))));
            Item stored = cairn.save(SITE, collection, item.getId(), item.getData().toStringUtf8());
            write.acknowledged(Map.of(item.getId(), Effect.of(stored)));
          });
    }
    Wait.until("the load runs", Duration.ofSeconds(30), () -> load.operations() > 100);
    Restoration restoration = restore(of("c0"));
    long then = load.operations();
    Wait.until("it goes on", Duration.ofSeconds(30), () -> load.operations() > then + 100);
    load.stop();
    load.join();
    assertThat(load.errors()).isEmpty();

    Content now = Content.of(cairn, SITE);
    assertThat(now.places().get(Place.live("c0"))).isEqualTo(good.places().get(Place.live("c0")));
    Cut.Picture others =
        new Cut.Picture(
            "the other nine",
            now,
            History.NEVER,
            History.NEVER,
            place -> !place.equals(Place.live("c0")),
            java.util.Optional.empty());
    assertThat(Cut.check(model.baseline, model.history, others).violations()).isEmpty();
    assertThat(model.history.writes()).hasSizeGreaterThan(200).allMatch(Write::isAcknowledged);

    assertThat(restoration.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_PARTIAL);
    assertThat(restoration.getCollectionsList()).hasSize(1);
    assertThat(restoration.getCollections(0).getItemCount()).isEqualTo(120);
    assertThat(restoration.getCollections(0).getOutcome())
        .isEqualTo(RestorationOutcome.RESTORATION_OUTCOME_REPLACED);
  }

  @Test
  void putsACollectionIntoAnotherAndRemovesItAgain() {
    Content before = Content.of(cairn, SITE);
    Restoration restoration =
        restore(of("c1", "rescued", "Rescued from the backup"), of("c2", "c3", ""));
    TreeMap<Place, java.util.SortedMap<String, Item>> expected = new TreeMap<>(before.places());
    expected.put(Place.live("rescued"), items(good, "c1"));
    expected.put(Place.sandbox("rescued"), new TreeMap<>());
    expected.put(Place.live("c3"), items(good, "c2"));
    assertThat(new Content(expected).difference(Content.of(cairn, SITE))).isEmpty();
    assertThat(collection("rescued").getDisplayName()).isEqualTo("Rescued from the backup");
    assertThat(restoration.getCollectionsList())
        .extracting(
            each -> each.getDestination().getCollectionId() + " " + each.getOutcome().getNumber())
        .containsExactly(
            "rescued " + RestorationOutcome.RESTORATION_OUTCOME_CREATED_VALUE,
            "c3 " + RestorationOutcome.RESTORATION_OUTCOME_REPLACED_VALUE);

    Restoration undone = undo(restoration);
    assertThat(undone.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_UNDO);
    assertThat(undone.getUndoOfRestorationId()).isEqualTo(restoration.getId());
    assertThat(before.difference(Content.of(cairn, SITE))).isEmpty();

    // And an undo can be undone.
    undo(undone);
    assertThat(new Content(expected).difference(Content.of(cairn, SITE))).isEmpty();
  }

  @Test
  void undoBringsBackExactlyWhatWasThere() {
    cairn
        .items()
        .saveItem(
            dev.cairn.v1.SaveItemRequest.newBuilder()
                .setSiteId(SITE)
                .setCollectionId("c4")
                .setItem(Cairn.item("owned", "{ \"odd\" : 1.0e+2 }").toBuilder().setOwner("ann"))
                .build());
    cairn.createCollection(SITE, "later");
    cairn.save(SITE, "later", "x", "{}");
    Content before = Content.of(cairn, SITE);
    List<Collection> collections = cairn.listCollections(SITE);
    Restoration full = cairn.restore(SITE, backup.getId());
    Content restored = Content.of(cairn, SITE);
    assertThat(good.difference(restored.live(Set.copyOf(TEN)).withSandbox(TEN))).isEmpty();
    assertThat(restored.places().get(Place.live("later"))).hasSize(1);
    undo(full);
    assertThat(before.difference(Content.of(cairn, SITE))).isEmpty();
    assertThat(cairn.listCollections(SITE)).isEqualTo(collections);
  }

  @Test
  void undoesOnlyWhatItReplacedAndWhatIsStillThere() {
    Restoration first = restore(of("c0"));
    cairn.save(SITE, "c5", "after", "{\"kept\":true}");
    undo(first);
    assertThat(cairn.get(SITE, "c5", "after").getRevision()).isEqualTo(1);

    Restoration second = restore(of("c1"));
    restore(of("c2")); // its safety backup takes the place of the one before
    Fault fault =
        Fault.from(
            () ->
                cairn
                    .restorations()
                    .undoRestoration(
                        UndoRestorationRequest.newBuilder()
                            .setSiteId(SITE)
                            .setRestorationId(second.getId())
                            .build()));
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_NOT_UNDOABLE);
    assertThat(fault.code()).isEqualTo(io.grpc.Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void keepsSchemasAndMakesADeletedCollectionAgainWithoutOne() {
    cairn.createCollection(
        SITE,
        Collection.newBuilder()
            .setId("typed")
            .setDisplayName("With a schema")
            .addFields(
                CollectionField.newBuilder().setKey("n").setType(FieldType.FIELD_TYPE_NUMBER))
            .build());
    cairn.createCollection(
        SITE,
        Collection.newBuilder()
            .setId("doomed")
            .setDisplayName("Doomed")
            .addFields(CollectionField.newBuilder().setKey("n"))
            .build());
    cairn.fill(SITE, "typed", 5, "good");
    cairn.fill(SITE, "doomed", 7, "good");
    backup = cairn.backup(SITE);
    Content held = Content.of(cairn, SITE);
    cairn.fill(SITE, "typed", 9, "newer");
    cairn
        .collections()
        .deleteCollection(
            DeleteCollectionRequest.newBuilder().setSiteId(SITE).setCollectionId("doomed").build());

    Restoration restoration = cairn.restore(SITE, backup.getId());
    assertThat(held.difference(Content.of(cairn, SITE))).isEmpty();
    assertThat(collection("typed").getFieldsList()).hasSize(1);
    assertThat(collection("typed").getRevision()).isEqualTo(1);
    assertThat(collection("doomed").getFieldsList()).isEmpty();
    assertThat(collection("doomed").getDisplayName()).isEqualTo("Doomed");
    assertThat(restoration.getCollectionsList())
        .filteredOn(each -> each.getOutcome() == RestorationOutcome.RESTORATION_OUTCOME_CREATED)
        .extracting(each -> each.getCollectionId())
        .containsExactly("doomed");
    assertThat(cairn.getRestoration(SITE, restoration.getId()).getLogList())
        .anyMatch(line -> line.getMessage().contains("doomed"));
  }

  @Test
  void survivesARestartWithAllThatItDid() {
    Restoration restoration = restore(of("c1", "rescued", ""));
    Content now = Content.of(cairn, SITE);
    Restoration before = cairn.getRestoration(SITE, restoration.getId());
    assertThat(before.getSafetyBackupId()).isNotEmpty();
    cairn.awaitVerified(SITE, before.getSafetyBackupId());
    CairnProcess server = servers.last();
    cairn.close();
    server.kill();
    server.restart();
    cairn = server.connect();
    assertThat(now.difference(Content.of(cairn, SITE))).isEmpty();
    assertThat(cairn.getRestoration(SITE, restoration.getId())).isEqualTo(before);
    undo(restoration);
    assertThat(cairn.listCollections(SITE)).extracting(Collection::getId).doesNotContain("rescued");
  }

  private static java.util.SortedMap<String, Item> items(Content content, String collectionId) {
    return content.places().getOrDefault(Place.live(collectionId), new TreeMap<>());
  }

  private Collection collection(String id) {
    return cairn.listCollections(SITE).stream()
        .filter(each -> each.getId().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
