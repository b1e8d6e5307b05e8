package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.Item;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Kills the server at random moments while it is used in every way, and compares what the next one
 * serves with what was acknowledged.
 *
 * <p>{@code -Dit.soak.cycles=N} for longer runs, on {@code -Dit.soak.lanes=N} servers at a time;
 * {@code -Dit.seed=N} to repeat one.
 */
class CrashIT {
  private static final int CYCLES = Settings.integer("it.soak.cycles", 12);

  /** Records of what is over pile up; a fresh directory now and then keeps a long run quick. */
  private static final int CYCLES_PER_DIRECTORY = 40;

  private static final int LANES = Settings.integer("it.soak.lanes", 1);
  private static final long SEED = Settings.number("it.seed", System.nanoTime());

  /** Of the collections, the one that the load never empties and never deletes. */
  private static final String KEPT = "c1";

  @RegisterExtension final Servers servers = new Servers();

  @Test
  void keepsWhatItAcknowledgedWhereverItIsKilled() throws Exception {
    System.out.println(
        "CrashIT: seed " + SEED + ", " + CYCLES + " cycles; repeat with -Dit.seed=" + SEED);
    long begin = System.nanoTime();
    AtomicInteger kills = new AtomicInteger();
    List<Callable<Long>> runs = new ArrayList<>();
    for (int done = 0; done < CYCLES; done += CYCLES_PER_DIRECTORY) {
      long seed = SEED + done;
      int cycles = Math.min(CYCLES - done, CYCLES_PER_DIRECTORY);
      runs.add(() -> crash(seed, cycles, kills));
    }
    long operations = 0;
    ExecutorService lanes = Executors.newFixedThreadPool(LANES);
    try {
      for (Future<Long> run : runs.stream().map(lanes::submit).toList()) {
        operations += run.get();
      }
    } finally {
      lanes.shutdownNow();
    }
    System.out.printf(
        "CrashIT: %d kills, %d operations, %d s%n",
        kills.get(), operations, (System.nanoTime() - begin) / 1_000_000_000);
    assertThat(kills).hasValue(CYCLES);
  }

  /** Kills one server, on a directory of its own, so often; answers what it was asked meanwhile. */
  private long crash(long seed, int cycles, AtomicInteger kills) {
    CrashRun run = CrashRun.begin(servers, servers.directory(), seed);
    for (int i = 0; i < cycles; i++) {
      run.crash();
      assertThat(run.check()).as("after kill %s of seed %s", i + 1, seed).isEmpty();
      kills.incrementAndGet();
    }
    System.out.println(
        "CrashIT: seed " + seed + ": " + run.times() + ", " + kills + " kills in all");
    assertThat(run.server().stop()).isEqualTo(CairnProcess.TERMINATED);
    return run.operations();
  }

  // The checker itself: each way to break what it guards must be found.

  @Test
  void theCheckFindsAnAcknowledgedItemThatIsGone() {
    CrashRun run = crashed();
    try (Cairn cairn = run.server().connect()) {
      cairn.delete("alpha", KEPT, anItem(cairn).getId());
    }
    assertThat(run.check()).anyMatch(each -> each.contains("alpha: the content: " + KEPT + "/"));
  }

  @Test
  void theCheckFindsAnItemThatNobodyWrote() {
    CrashRun run = crashed();
    try (Cairn cairn = run.server().connect()) {
      cairn.save("alpha", KEPT, "w0-invented", "{}");
    }
    assertThat(run.check()).anyMatch(each -> each.contains(KEPT + "/w0-invented is r1 {}"));
  }

  @Test
  void theCheckFindsAnItemThatWasWrittenTooOften() {
    CrashRun run = crashed();
    try (Cairn cairn = run.server().connect()) {
      Item item = anItem(cairn);
      // One more could be a write that was under way when the server was killed.
      for (int i = 0; i < 50; i++) {
        cairn.save("alpha", KEPT, item.getId(), item.getData().toStringUtf8());
      }
    }
    assertThat(run.check()).anyMatch(each -> each.contains("alpha: the content: " + KEPT + "/"));
  }

  @Test
  void theCheckFindsABackupWhoseFileIsGone() throws IOException {
    CrashRun run = crashed();
    try (Cairn cairn = run.server().connect()) {
      // Made after the crash: none of before need be left, for the load deletes backups.
      Backup backup = cairn.verifiedBackup("alpha");
      known(run.models().get(0), backup, Content.of(cairn, "alpha"));
      Path directory =
          run.server().dataDirectory().resolve("backups").resolve("alpha").resolve(backup.getId());
      try (Stream<Path> files = Files.list(directory)) {
        Files.delete(
            files
                .filter(file -> file.toString().endsWith(".sst"))
                .max(Comparator.naturalOrder())
                .orElseThrow());
      }
    }
    assertThat(run.check()).anyMatch(each -> each.contains("is not whole"));
  }

  @Test
  void theCheckFindsABackupThatVanishedFromTheList() {
    CrashRun run = crashed();
    run.models().get(0).endedBackups.add("0-a-backup-that-was-listed-once");
    assertThat(run.check()).anyMatch(each -> each.contains("is not listed any more"));
  }

  @Test
  void theCheckFindsFilesThatNobodyNeeds() throws IOException {
    CrashRun run = crashed();
    Path site = run.server().dataDirectory().resolve("sites").resolve("beta");
    Files.createDirectory(site.resolve("gen-000999.tmp"));
    assertThat(run.check()).anyMatch(each -> each.contains("sites/beta/gen-000999.tmp"));
  }

  private CrashRun crashed() {
    CrashRun run = CrashRun.begin(servers, servers.directory(), SEED);
    try (Cairn cairn = run.server().connect()) {
      cairn.fill("alpha", KEPT, 20, "kept");
      SiteModel model = run.models().get(0);
      model.begin(Content.of(cairn, "alpha"));
      known(model, cairn.verifiedBackup("alpha"), model.baseline);
    }
    run.crash();
    return run;
  }

  /** A backup of what was there while nobody wrote. */
  private static void known(SiteModel model, Backup backup, Content content) {
    SiteModel.KnownBackup known =
        new SiteModel.KnownBackup(backup.getId(), Set.of(), System.nanoTime());
    known.seenReady = true;
    known.seenEnded = SiteModel.COMPARED;
    known.content = Optional.of(content.live());
    model.backups.put(known.id, known);
  }

  private static Item anItem(Cairn cairn) {
    return cairn.export("alpha", KEPT).values().iterator().next();
  }
}
