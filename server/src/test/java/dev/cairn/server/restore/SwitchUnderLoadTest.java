package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.OPTIONS;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.restore.ServerUnderTest.place;
import static dev.cairn.server.restore.ServerUnderTest.write;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Threads;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Readers and writers go on while content is replaced under them. */
final class SwitchUnderLoadTest {
  private static final int THREADS = 8;
  private static final int BASE = 300;
  private static final long MILLIS_AROUND = 500;

  @TempDir Path directory;
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong longestWrite = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();

  /**
   * Two collections hold the same items with the same value: "old" in the backup, "now" afterwards.
   * Each writer adds items of its own to both, in one order, and remembers what was acknowledged.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nobodySeesAMixAndNoAcknowledgedWriteIsLost(boolean whole) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    try (ServerUnderTest server = ServerUnderTest.withSite(directory)) {
      server.fill("left", BASE, "old");
      server.fill("right", BASE, "old");
      BackupId backup = server.backup();
      server.saveAll("left", BASE, "now");
      server.saveAll("right", BASE, "now");
      if (!whole) {
        server.fill("bystander", 5, "never touched");
      }
      Map<String, List<StoredItem>> then = server.contentOf(backup);
      List<StoredItem> bystander = whole ? List.of() : server.items("bystander");
      List<Set<String>> acknowledged = new ArrayList<>();
      ExecutorService threads = Executors.newFixedThreadPool(2 * THREADS);
      List<Future<?>> work = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Set<String> mine = Collections.synchronizedSet(new HashSet<>());
        acknowledged.add(mine);
        String prefix = "w" + i + "-";
        Random random = new Random(seed + i);
        work.add(threads.submit(() -> writeOnAndOn(server, prefix, mine)));
        work.add(threads.submit(() -> readOnAndOn(server, random)));
      }
      RestorationRecord done;
      try {
        Thread.sleep(MILLIS_AROUND);
        done =
            completed(
                server.restore(
                    backup,
                    whole
                        ? new Restorations.Selection[0]
                        : new Restorations.Selection[] {only("left"), only("right")}));
        Thread.sleep(MILLIS_AROUND);
      } finally {
        stop.set(true);
        threads.shutdown();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
      }
      for (Future<?> each : work) {
        each.get();
      }

      Map<String, List<StoredItem>> safety = server.contentOf(done.safetyBackupId().orElseThrow());
      assertThat(baseOf(of("left", safety))).containsOnly("now").hasSize(BASE);
      for (String collection : List.of("left", "right")) {
        assertIsBackupPlusWritesSince(
            server, collection, of(collection, then), of(collection, safety), acknowledged);
      }
      assertThat(whole ? List.of() : server.items("bystander")).isEqualTo(bystander);
      assertThat(done.writePause()).hasValueSatisfying(pause -> assertThat(pause).isPositive());
      System.out.printf(
          "switch under load: whole=%s longest write %d ms, write pause %d ms, %d writes, %d reads%n",
          whole,
          TimeUnit.NANOSECONDS.toMillis(longestWrite.get()),
          done.writePause().orElseThrow().toMillis(),
          acknowledged.stream().mapToInt(Set::size).sum(),
          reads.get());
      server.assertSound();
      server.closeWithNothingLeaked();
    }
  }

  @Test
  void writePauseIsUnsetWhenNoWriteWaited() {
    try (ServerUnderTest server = ServerUnderTest.withSite(directory)) {
      server.fill("left", 3, "old");
      BackupId backup = server.backup();

      assertThat(completed(server.restore(backup)).writePause()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writeThatCannotWaitIsRefusedAndNotMade(boolean whole) throws Exception {
    List<Runnable> inTheDoor = new ArrayList<>();
    Steps steps =
        step -> {
          if (step.equals("before checkpoint") && !inTheDoor.isEmpty()) {
            inTheDoor.remove(0).run();
          }
        };
    try (ServerUnderTest server =
        ServerUnderTest.on(directory).steps(steps).maxWriteWait(Duration.ofMillis(20)).start()) {
      server.createSite();
      server.fill("left", 3, "old");
      server.fill("right", 3, "old");
      BackupId backup = server.backup();
      ExecutorService other = Executors.newSingleThreadExecutor();
      inTheDoor.add(() -> expectRefusal(other, server));
      server.restore(backup, whole ? new Restorations.Selection[0] : one());
      other.shutdown();

      assertThat(inTheDoor).isEmpty();
      assertThat(server.items("left")).hasSize(3);
      server.save("left", "x", "now it can");
      server.assertSound();
    }
  }

  private static Restorations.Selection[] one() {
    return new Restorations.Selection[] {only("left")};
  }

  private static void expectRefusal(ExecutorService other, ServerUnderTest server) {
    Future<?> refused =
        other.submit(
            () ->
                dev.cairn.server.store.StoreFixtures.assertFails(
                    dev.cairn.server.error.Reason.SITE_SWITCHING,
                    () -> server.save("left", "x", "too late")));
    try {
      refused.get(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void writeOnAndOn(ServerUnderTest server, String prefix, Set<String> acknowledged) {
    for (int n = 0; !stop.get(); n++) {
      String item = prefix + n;
      for (String collection : List.of("left", "right")) {
        long begin = System.nanoTime();
        Threads.join(server.items.save(place(collection), List.of(write(item, "added")), OPTIONS));
        longestWrite.accumulateAndGet(System.nanoTime() - begin, Math::max);
        acknowledged.add(collection + "/" + item);
      }
    }
  }

  /** Each look at one collection sees one content; "left" before "right" never goes back. */
  private void readOnAndOn(ServerUnderTest server, Random random) {
    boolean restored = false;
    while (!stop.get()) {
      for (String collection : List.of("left", "right")) {
        Set<String> seen =
            random.nextBoolean() ? scan(server, collection) : multiGet(server, collection, random);
        assertThat(seen).hasSize(1);
        restored = forward(restored, seen.contains("old"));
        String one = String.valueOf(1 + random.nextInt(BASE));
        restored = forward(restored, value(server.items.get(place(collection), one)).equals("old"));
      }
      reads.incrementAndGet();
    }
  }

  private static boolean forward(boolean before, boolean now) {
    assertThat(now || !before).as("the old content was seen after the new one").isTrue();
    return now;
  }

  private static Set<String> scan(ServerUnderTest server, String collection) {
    try (Items.Export export = server.items.export(place(collection), "")) {
      List<StoredItem> found = new ArrayList<>();
      while (export.cursor().next()) {
        found.add(export.cursor().item());
      }
      assertThat(export.cursor().stats().itemCount()).isEqualTo(found.size());
      List<String> base = baseOf(found);
      assertThat(base).hasSize(BASE);
      return new HashSet<>(base);
    }
  }

  private static Set<String> multiGet(ServerUnderTest server, String collection, Random random) {
    List<String> ids = random.ints(20, 1, BASE + 1).mapToObj(String::valueOf).distinct().toList();
    Map<String, StoredItem> found = server.items.get(place(collection), ids);
    assertThat(found).hasSize(ids.size());
    return new HashSet<>(found.values().stream().map(SwitchUnderLoadTest::value).toList());
  }

  private static List<String> baseOf(List<StoredItem> items) {
    return items.stream()
        .filter(item -> !item.id().startsWith("w"))
        .map(SwitchUnderLoadTest::value)
        .toList();
  }

  private static String value(StoredItem item) {
    return item.data().toStringUtf8().replaceAll(".*:\"|\"}", "");
  }

  private static void assertIsBackupPlusWritesSince(
      ServerUnderTest server,
      String collection,
      List<StoredItem> backup,
      List<StoredItem> safety,
      List<Set<String>> acknowledged) {
    Map<String, StoredItem> live = byId(server.items(collection));
    Set<String> kept = byId(safety).keySet();
    Map<String, StoredItem> expected = new HashMap<>(byId(backup));
    for (Set<String> each : acknowledged) {
      for (String write : each) {
        if (write.startsWith(collection + "/")) {
          String id = write.substring(collection.length() + 1);
          assertThat(kept.contains(id) ^ live.containsKey(id))
              .as("acknowledged write " + write + " is on exactly one side of the switch")
              .isTrue();
          if (!kept.contains(id)) {
            expected.put(id, live.get(id));
          }
        }
      }
    }
    assertThat(live).isEqualTo(expected);
  }

  private static List<StoredItem> of(String collection, Map<String, List<StoredItem>> content) {
    return Objects.requireNonNull(content.get(collection), collection);
  }

  private static Map<String, StoredItem> byId(List<StoredItem> items) {
    Map<String, StoredItem> byId = new TreeMap<>();
    items.forEach(item -> byId.put(item.id(), item));
    return byId;
  }
}
