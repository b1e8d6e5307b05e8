package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Durations;
import dev.cairn.it.FaultyDisk.Operation;
import dev.cairn.it.History.Effect;
import dev.cairn.it.History.Sweep;
import dev.cairn.it.History.Write;
import dev.cairn.v1.Backup;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorePartialBackupRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Restores a site while 8 readers scan it and 8 writers write to it: no reader fails or sees a mix,
 * no write fails, and afterwards the content is the backup's and what was written after the switch.
 * So it is on a slow disk, too, and when the server stands still in the middle.
 */
class RestoreUnderLoadIT {
  private static final String SITE = "busy";
  private static final List<String> COLLECTIONS = List.of("c0", "c1", "c2", "c3");
  private static final int READERS = 8;
  private static final int WRITERS = 8;
  private static final int ITEMS = 1_500;
  private static final int ITEMS_OF_A_WRITER = 40;

  /** Far more than is expected, since tests run on busy machines; far less than a hang. */
  private static final long MAX_WAIT_MILLIS = 4_000;

  @RegisterExtension final Servers servers = new Servers();

  private final AtomicLong longestWriteNanos = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();

  @Test
  void nobodySeesAMixWhenAllIsRestored() {
    run(
        "full restoration",
        new Trouble(),
        Set.copyOf(COLLECTIONS),
        (cairn, backup) -> cairn.requestRestore(SITE, backup.getId()));
  }

  @Test
  void nobodySeesAMixOnASlowDisk() {
    run(
        "full restoration on a slow disk",
        new SlowDisk(),
        Set.copyOf(COLLECTIONS),
        (cairn, backup) -> cairn.requestRestore(SITE, backup.getId()));
  }

  @Test
  void nobodySeesAMixWhenTheServerStandsStillMeanwhile() {
    run(
        "full restoration with a pause",
        new Standstill(),
        Set.copyOf(COLLECTIONS),
        (cairn, backup) -> cairn.requestRestore(SITE, backup.getId()));
  }

  @Test
  void nobodySeesAMixWhenTwoCollectionsAreRestored() {
    run(
        "partial restoration",
        new Trouble(),
        Set.of("c1", "c2"),
        (cairn, backup) ->
            cairn
                .restorations()
                .restorePartialBackup(
                    RestorePartialBackupRequest.newBuilder()
                        .setSiteId(SITE)
                        .setBackupId(backup.getId())
                        .addCollections(RestorationSelection.newBuilder().setCollectionId("c1"))
                        .addCollections(RestorationSelection.newBuilder().setCollectionId("c2"))
                        .build())
                .getRestoration());
  }

  private interface Restore {
    Restoration request(Cairn cairn, Backup backup);
  }

  /** What the server meets while it restores: nothing. */
  private class Trouble {
    CairnProcess start() {
      return servers.start();
    }

    void begin() {}

    /** The restoration has been accepted. */
    void meanwhile(CairnProcess server) {}

    void end() {}
  }

  /** Each forced write takes 60 ms longer. */
  private final class SlowDisk extends Trouble {
    private final Path directory = servers.directory();
    private final FaultyDisk disk = FaultyDisk.in(directory);

    @Override
    CairnProcess start() {
      return servers.startIn(directory, disk.prefix());
    }

    @Override
    void begin() {
      disk.slow(Duration.ofMillis(60), EnumSet.of(Operation.FSYNC, Operation.FDATASYNC));
    }

    @Override
    void end() {
      assertThat(disk.seen()).as("slow writes").isGreaterThan(10);
      disk.heal();
    }
  }

  /** All of it stops for a second, shortly after the restoration has begun. */
  private final class Standstill extends Trouble {
    @Override
    void meanwhile(CairnProcess server) {
      Wait.pause(Duration.ofMillis(20));
      server.freeze();
      Wait.pause(Duration.ofSeconds(1));
      server.thaw();
    }
  }

  private void run(String name, Trouble trouble, Set<String> restored, Restore restore) {
    CairnProcess server = trouble.start();
    try (Cairn cairn = server.connect()) {
      cairn.createSite(SITE, COLLECTIONS);
      COLLECTIONS.forEach(id -> cairn.fill(SITE, id, ITEMS, "good"));
      Backup backup = cairn.verifiedBackup(SITE);
      Content held = Content.of(cairn, SITE).live(Set.copyOf(COLLECTIONS));
      damage(cairn);

      SiteModel model = new SiteModel(SITE);
      model.begin(Content.of(cairn, SITE));
      Load load = new Load();
      for (int i = 0; i < READERS; i++) {
        load.start("reader-" + i, new Reader(cairn, restored, i)::step);
      }
      for (int i = 0; i < WRITERS; i++) {
        load.start("writer-" + i, new Writer(cairn, model.history, "w" + i)::step);
      }
      Wait.until("the load runs", Duration.ofSeconds(30), () -> load.operations() > 300);
      longestWriteNanos.set(0);

      Sweep sweep =
          model.history.begin(
              new Sweep(
                  name,
                  shape ->
                      restored.forEach(
                          id ->
                              shape.restore(
                                  id,
                                  held.places()
                                      .getOrDefault(Place.live(id), new java.util.TreeMap<>())))));
      trouble.begin();
      Restoration requested = restore.request(cairn, backup);
      trouble.meanwhile(server);
      Restoration ended = cairn.completed(requested);
      trouble.end();
      sweep.acknowledged();
      long after = load.operations();
      Wait.until("it goes on", Duration.ofSeconds(30), () -> load.operations() > after + 300);
      load.stop();
      load.join();

      assertThat(load.errors()).isEmpty();
      Content now = Content.of(cairn, SITE);
      assertThat(
              Cut.check(model.baseline, model.history, Cut.Picture.last("the content", now))
                  .violations())
          .isEmpty();
      System.out.printf(
          "RestoreUnderLoadIT: %s of %d items beside %d reads and %d writes:"
              + " longest write %d ms as a client saw it, %d ms at the door%n",
          name,
          ended.getCollectionsList().stream().mapToLong(each -> each.getItemCount()).sum(),
          reads.get(),
          writes.get(),
          longestWriteNanos.get() / 1_000_000,
          Durations.toMillis(ended.getWritePause()));
      assertThat(longestWriteNanos.get() / 1_000_000).isLessThan(MAX_WAIT_MILLIS);
      DataDirectory.requireTidy(server, cairn);
    }
  }

  /** Every item says that it is damaged, some are gone, some are new. */
  private static void damage(Cairn cairn) {
    for (String id : COLLECTIONS) {
      cairn.fill(SITE, id, ITEMS, "damaged");
      IntStream.range(0, 50).forEach(i -> cairn.delete(SITE, id, Cairn.itemId(i * 7)));
      cairn.saveAll(
          SITE,
          id,
          IntStream.range(0, 100)
              .mapToObj(i -> Cairn.item("stray-" + i, "{\"mark\":\"damaged\"}"))
              .toList());
    }
  }

  /** Scans whole collections: each scan is all old or all new, and old never follows new. */
  private final class Reader {
    private final Cairn cairn;
    private final Set<String> restored;
    private final Random random;
    private final Set<String> seenNew = new java.util.HashSet<>();

    Reader(Cairn cairn, Set<String> restored, long seed) {
      this.cairn = cairn;
      this.restored = restored;
      this.random = new Random(seed);
    }

    void step() {
      String collection = COLLECTIONS.get(random.nextInt(COLLECTIONS.size()));
      boolean before = !seenNew.isEmpty();
      SortedMap<String, Item> items = call(() -> cairn.export(SITE, collection));
      reads.incrementAndGet();
      long good = count(items, "good");
      long damaged = count(items, "damaged");
      boolean isNew = good > 0;
      if (isNew && (damaged > 0 || good != ITEMS || !restored.contains(collection))) {
        throw new AssertionError(
            collection + " shows " + good + " good and " + damaged + " damaged");
      }
      if (!isNew && damaged != ITEMS + 50) {
        throw new AssertionError(collection + " shows " + damaged + " damaged items only");
      }
      if (isNew) {
        seenNew.add(collection);
      } else if (before && restored.contains(collection)) {
        // All collections switch at once: whoever has seen one of them new sees all of them new.
        throw new AssertionError(collection + " is old, but " + seenNew + " were new before");
      }
    }

    private static long count(SortedMap<String, Item> items, String mark) {
      return items.values().stream()
          .filter(item -> item.getData().toStringUtf8().contains("\"mark\":\"" + mark + "\""))
          .count();
    }
  }

  private final class Writer {
    private final Cairn cairn;
    private final History history;
    private final String name;
    private final Random random;
    private int count;

    Writer(Cairn cairn, History history, String name) {
      this.cairn = cairn;
      this.history = history;
      this.name = name;
      this.random = new Random(name.hashCode());
    }

    void step() {
      String collection = COLLECTIONS.get(random.nextInt(COLLECTIONS.size()));
      List<Item> items = new ArrayList<>();
      int size = random.nextInt(3) == 0 ? 3 : 1;
      int first = random.nextInt(ITEMS_OF_A_WRITER);
      count++;
      for (int i = 0; i < size; i++) {
        String id = name + "-" + (first + i) % ITEMS_OF_A_WRITER;
        items.add(Cairn.item(id, "{\"by\":\"" + name + "\",\"n\":" + count + "}"));
      }
      Map<String, Effect> effects = new java.util.TreeMap<>();
      items.forEach(item -> effects.put(item.getId(), Effect.of(item.getData())));
      Write write = history.begin(new Write(name + "#" + count, Place.live(collection), effects));
      long begin = System.nanoTime();
      call(
          () -> {
            cairn.saveAll(SITE, collection, items);
            return Boolean.TRUE;
          });
      long took = System.nanoTime() - begin;
      write.acknowledged();
      writes.incrementAndGet();
      longestWriteNanos.accumulateAndGet(took, Math::max);
    }
  }

  /** No refusal is fine here. */
  private static <T> T call(Supplier<T> call) {
    return SiteLoad.answer(Set.of(), call).orElseThrow();
  }
}
