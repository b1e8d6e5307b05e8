package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Backup;
import dev.cairn.v1.CollectionPreview;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationOutcome;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.TruncateCollectionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a preview says is what a comparison of everything with everything says, and it needs no
 * memory for what it compares.
 *
 * <p>{@code -Dit.preview.items=N} for another size of the large site, {@code -Dit.seed=N} to
 * repeat.
 */
class PreviewIT {
  private static final long SEED = Settings.number("it.seed", System.nanoTime());
  private static final int LARGE = Settings.integer("it.preview.items", 100_000);

  /** Far too small for one side of the large site, whatever its size. */
  private static final String HEAP = "-Xmx48m";

  private static final int PADDING = 400;
  private static final int SAMPLES = 25;

  @RegisterExtension final Servers servers = new Servers();

  private final Random random = new Random(SEED);

  @Test
  void countsWhatABruteForceComparisonCounts() {
    CairnProcess server = servers.start();
    try (Cairn cairn = server.connect()) {
      for (int round = 0; round < 6; round++) {
        String site = "shop-" + round;
        cairn.createSite(site, List.of("a", "b", "untouched", "emptied"));
        change(cairn, site, "a");
        change(cairn, site, "b");
        cairn.fill(site, "untouched", 30, "same");
        cairn.fill(site, "emptied", 5, "gone");
        Backup backup = cairn.backup(site);
        change(cairn, site, "a");
        change(cairn, site, "b");
        truncate(cairn, site, "emptied");

        compare(cairn, request(site, backup).build());
        compare(
            cairn,
            request(site, backup)
                .addCollections(into("a", "b"))
                .addCollections(into("b", "new"))
                .build());
      }
    }
  }

  private static RestorationSelection into(String collection, String destination) {
    return RestorationSelection.newBuilder()
        .setCollectionId(collection)
        .setDestination(RestorationDestination.newBuilder().setCollectionId(destination))
        .build();
  }

  private static PreviewRestorationRequest.Builder request(String site, Backup backup) {
    return PreviewRestorationRequest.newBuilder()
        .setSiteId(site)
        .setBackupId(backup.getId())
        .setSampleSize(SAMPLES);
  }

  /**
   * Saves and removes some items, chosen at random out of a few ids, so that many are met again.
   */
  private void change(Cairn cairn, String site, String collection) {
    SortedMap<String, Item> before = cairn.export(site, collection);
    List<Item> saved = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      String id = Cairn.itemId(i);
      switch (random.nextInt(4)) {
        case 0 -> saved.add(Cairn.item(id, "{\"v\":" + random.nextInt(3) + "}"));
        case 1 -> {
          if (before.containsKey(id)) {
            cairn.delete(site, collection, id);
          }
        }
        default -> {}
      }
    }
    cairn.saveAll(site, collection, saved);
  }

  private static void truncate(Cairn cairn, String site, String collection) {
    cairn
        .items()
        .truncateCollection(
            TruncateCollectionRequest.newBuilder()
                .setSiteId(site)
                .setCollectionId(collection)
                .build());
  }

  private static void compare(Cairn cairn, PreviewRestorationRequest request) {
    List<CollectionPreview> rows =
        cairn.restorations().previewRestoration(request).getCollectionsList();
    assertThat(rows).as("seed %s", SEED).isNotEmpty();
    List<String> existing =
        cairn.listCollections(request.getSiteId()).stream().map(each -> each.getId()).toList();
    for (CollectionPreview row : rows) {
      String destination = row.getDestination().getCollectionId();
      boolean exists = existing.contains(destination);
      SortedMap<String, Item> live =
          exists ? cairn.export(request.getSiteId(), destination) : new TreeMap<>();
      SortedMap<String, Item> backup =
          itemsOf(cairn, request.getSiteId(), request.getBackupId(), row.getCollectionId());
      List<String> added = backup.keySet().stream().filter(id -> !live.containsKey(id)).toList();
      List<String> removed = live.keySet().stream().filter(id -> !backup.containsKey(id)).toList();
      List<String> changed =
          live.keySet().stream()
              .filter(backup::containsKey)
              .filter(id -> !Objects.equals(live.get(id), backup.get(id)))
              .toList();
      CollectionPreview.Builder expected =
          CollectionPreview.newBuilder()
              .setCollectionId(row.getCollectionId())
              .setDestination(row.getDestination())
              .setOutcome(
                  !exists
                      ? RestorationOutcome.RESTORATION_OUTCOME_CREATED
                      : live.equals(backup)
                          ? RestorationOutcome.RESTORATION_OUTCOME_UNCHANGED
                          : RestorationOutcome.RESTORATION_OUTCOME_REPLACED)
              .setLiveCount(live.size())
              .setBackupCount(backup.size())
              .setAddedCount(added.size())
              .setChangedCount(changed.size())
              .setRemovedCount(removed.size());
      added.stream().limit(SAMPLES).forEach(expected::addAddedItemIds);
      changed.stream().limit(SAMPLES).forEach(expected::addChangedItemIds);
      removed.stream().limit(SAMPLES).forEach(expected::addRemovedItemIds);
      assertThat(row).as("seed %s", SEED).isEqualTo(expected.build());
    }
  }

  private static SortedMap<String, Item> itemsOf(
      Cairn cairn, String site, String backup, String collection) {
    SortedMap<String, Item> items = new TreeMap<>();
    String token = "";
    do {
      ListBackupItemsResponse page =
          cairn
              .backups()
              .listBackupItems(
                  ListBackupItemsRequest.newBuilder()
                      .setSiteId(site)
                      .setBackupId(backup)
                      .setCollectionId(collection)
                      .setPageSize(50)
                      .setPageToken(token)
                      .build());
      page.getItemsList().forEach(item -> items.put(item.getId(), item));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return items;
  }

  @Test
  void comparesALargeSiteInMemoryThatCouldNotHoldIt() {
    CairnProcess server = servers.start(HEAP);
    try (Cairn cairn = server.connect()) {
      cairn.createSite("large", List.of("things"));
      Duration filling = Wait.timed(() -> fill(cairn)).time();
      Backup backup = cairn.backup("large");
      List<Item> changed = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        changed.add(large(i * (LARGE / 1_000), "changed"));
      }
      cairn.saveAll("large", "things", changed);
      List<Item> added = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        added.add(large(LARGE + i, "added since"));
      }
      cairn.saveAll("large", "things", added);

      Wait.Timed<CollectionPreview> preview =
          Wait.timed(
              () ->
                  cairn
                      .restorations()
                      .withDeadlineAfter(10, TimeUnit.MINUTES)
                      .previewRestoration(request("large", backup).build())
                      .getCollections(0));

      System.out.printf(
          "PreviewIT: %,d items of %d bytes and as many in the backup, heap %s:"
              + " filled in %d ms, previewed in %d ms%n",
          LARGE, PADDING, HEAP, filling.toMillis(), preview.time().toMillis());
      assertThat(preview.result().getLiveCount()).isEqualTo(LARGE + 300);
      assertThat(preview.result().getBackupCount()).isEqualTo(LARGE);
      assertThat(preview.result().getAddedCount()).isZero();
      assertThat(preview.result().getChangedCount()).isEqualTo(700);
      assertThat(preview.result().getRemovedCount()).isEqualTo(300);
      assertThat(preview.result().getRemovedItemIds(0)).isEqualTo(id(LARGE));
      assertThat(server.log()).doesNotContain("OutOfMemoryError");
      cairn.completed(
          cairn
              .restorations()
              .restoreBackup(
                  RestoreBackupRequest.newBuilder()
                      .setSiteId("large")
                      .setBackupId(backup.getId())
                      .build())
              .getRestoration());
      assertThat(cairn.count("large", "things")).isEqualTo(LARGE);
    }
  }

  private static int fill(Cairn cairn) {
    List<Item> batch = new ArrayList<>();
    for (int i = 0; i < LARGE; i++) {
      batch.add(large(i, "first"));
      if (batch.size() == 1_000 || i == LARGE - 1) {
        cairn.saveAll("large", "things", batch);
        batch.clear();
      }
    }
    return LARGE;
  }

  private static String id(int number) {
    return String.format("item-%08d", number);
  }

  private static Item large(int number, String mark) {
    String padding = String.join("", Collections.nCopies(PADDING / 10, "0123456789"));
    return Item.newBuilder()
        .setId(id(number))
        .setData(
            ByteString.copyFromUtf8(
                "{\"n\":" + number + ",\"mark\":\"" + mark + "\",\"text\":\"" + padding + "\"}"))
        .build();
  }
}
