package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cairn.v1.Durability;
import dev.cairn.v1.ItemServiceGrpc.ItemServiceBlockingStub;
import dev.cairn.v1.SaveItemRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Cuts the power at random moments while the server is used in every way. As {@link CrashIT}, but
 * everything that was not forced to disk is lost too: what was acknowledged, READY or COMPLETED
 * must be there nevertheless.
 *
 * <p>{@code -Dit.power.cycles=N} for longer runs, {@code -Dit.seed=N} to repeat one. Left out, with
 * a message, where no file system can be mounted.
 */
class PowerCutIT {
  private static final int CYCLES = Settings.integer("it.power.cycles", 5);

  /** See {@link CrashIT}; the disk of a test is small, too. */
  private static final int CYCLES_PER_DIRECTORY = 20;

  private static final long SEED = Settings.number("it.seed", System.nanoTime());

  @RegisterExtension final Servers servers = new Servers();

  private Path directory;
  private PowerDisk disk;

  @BeforeEach
  void makeDisk() {
    directory = servers.directory();
    assumeThat(PowerDisk.unavailable(directory)).as("a disk of its own").isEmpty();
    disk = PowerDisk.make(directory.resolve("disk.img"), directory.resolve("data"));
  }

  @AfterEach
  void removeDisk() {
    if (disk != null) {
      servers.close();
      disk.close();
    }
  }

  @Test
  void keepsWhatItAcknowledgedWhereverThePowerGoes() {
    System.out.println(
        "PowerCutIT: seed " + SEED + ", " + CYCLES + " cycles; repeat with -Dit.seed=" + SEED);
    CrashRun.Crash crash =
        new CrashRun.Crash(this::cutPower, List.of(Durability.DURABILITY_SYNCED));
    long operations = 0;
    for (int done = 0; done < CYCLES; done += CYCLES_PER_DIRECTORY) {
      if (done > 0) {
        removeDisk();
        makeDisk();
      }
      CrashRun run = CrashRun.begin(servers, directory, SEED + done, crash);
      for (int i = done; i < Math.min(CYCLES, done + CYCLES_PER_DIRECTORY); i++) {
        run.crash();
        assertThat(run.check()).as("after cut %s of seed %s", i + 1, SEED).isEmpty();
      }
      operations += run.operations();
      System.out.println("PowerCutIT: " + run.times());
      assertThat(run.server().stop()).isEqualTo(CairnProcess.TERMINATED);
    }
    System.out.printf("PowerCutIT: %d cuts, %d operations%n", CYCLES, operations);
  }

  /**
   * That the disk forgets at all: what asks not to be forced is gone, what was forced before it is
   * not.
   */
  @Test
  void theDiskForgetsWhatNobodyForced() {
    CairnProcess server = servers.startIn(directory, "--disk.reserve=1MiB");
    try (Cairn cairn = server.connect()) {
      cairn.createSite("shop");
      cairn.createCollection("shop", "books");
      cairn.save("shop", "books", "forced", "{}");
      save(cairn.items(), "not-forced", Durability.DURABILITY_BUFFERED);
      assertThat(cairn.export("shop", "books")).containsOnlyKeys("forced", "not-forced");
    }

    cutPower(server);
    server.restart();

    try (Cairn cairn = server.connect()) {
      assertThat(cairn.export("shop", "books")).containsOnlyKeys("forced");
    }
  }

  private static void save(ItemServiceBlockingStub items, String id, Durability durability) {
    items.saveItem(
        SaveItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("books")
            .setItem(Cairn.item(id, "{}"))
            .setDurability(durability)
            .build());
  }

  /** The server stands still first, so that it acknowledges nothing while the power goes. */
  private void cutPower(CairnProcess server) {
    server.freeze();
    disk.cut();
    server.kill();
    disk.restore();
  }
}
