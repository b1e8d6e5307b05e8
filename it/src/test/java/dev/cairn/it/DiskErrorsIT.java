package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.FaultyDisk.Failing;
import dev.cairn.it.FaultyDisk.Operation;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.SaveItemRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A disk that answers with EIO and ENOSPC, from the n-th call of a kind or at random, while items
 * are written, imported and backed up: calls fail with a reason, reads go on, nothing acknowledged
 * is lost, and the server recovers without being started again. And a disk that is slow.
 */
class DiskErrorsIT {
  private static final String SITE = "shop";
  private static final DiskTrouble TROUBLE =
      new DiskTrouble(
          SITE,
          Set.of(ErrorReason.ERROR_REASON_STORAGE_FAILED, ErrorReason.ERROR_REASON_DISK_FULL));
  private static final String ITEMS = "products";
  private static final int WRITERS = 4;
  private static final long SEED = Settings.number("it.seed", System.nanoTime());

  private static final Set<Operation> ALL = EnumSet.allOf(Operation.class);

  @RegisterExtension final Servers servers = new Servers();

  private FaultyDisk disk;
  private CairnProcess server;
  private Cairn cairn;

  @BeforeEach
  void start() {
    Path directory = servers.directory();
    disk = FaultyDisk.in(directory);
    server = servers.startIn(directory, disk.prefix(), "--disk.reserve=0", CrashRun.SMALL_IS_LARGE);
    cairn = server.connect();
    cairn.createSite(SITE, List.of(ITEMS));
    cairn.fill(SITE, ITEMS, 200, "before");
  }

  @AfterEach
  void stop() {
    if (disk != null) {
      disk.heal();
    }
    if (cairn != null) {
      cairn.close();
    }
  }

  /** What the items of some writers may be: what is not acknowledged may be there or not. */
  private final class Model {
    private final Map<String, Set<String>> possible = new ConcurrentHashMap<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final Load load = new Load();

    /** Writers share it, so that who looks at everything can have a moment without any. */
    private final ReadWriteLock quiet = new ReentrantReadWriteLock(true);

    void start() {
      for (int i = 0; i < WRITERS; i++) {
        String writer = "w" + i;
        Random random = new Random(SEED + i);
        load.start(
            writer,
            () -> {
              quiet.readLock().lock();
              try {
                step(writer, random);
              } finally {
                quiet.readLock().unlock();
              }
            });
      }
    }

    private void step(String writer, Random random) {
      String id = writer + "-" + random.nextInt(10_000); // most are new: they are counted
      String data = "{\"n\":" + random.nextLong() + "}";
      try {
        cairn.save(SITE, ITEMS, id, data);
        possible.put(id, Set.of(data));
        acknowledged.incrementAndGet();
      } catch (StatusRuntimeException e) {
        Fault fault = Fault.of(e);
        TROUBLE.requireRefused(fault);
        refused.incrementAndGet();
        if (!fault.is(ErrorReason.ERROR_REASON_DISK_FULL)) { // which says that nothing was changed
          Set<String> now = new TreeSet<>(possible.getOrDefault(id, Set.of("")));
          now.add(data);
          possible.put(id, now);
        }
        Wait.pause(Duration.ofMillis(5));
      }
    }

    void awaitMore(String what, AtomicLong counter, long more) {
      long before = counter.get();
      Wait.until(
          what,
          DiskTrouble.RECOVERY,
          () -> counter.get() >= before + more || !load.errors().isEmpty());
      assertThat(load.errors()).isEmpty();
    }

    List<String> violations() {
      quiet.writeLock().lock();
      try {
        SortedMap<String, Item> there = cairn.export(SITE, ITEMS);
        List<String> violations = new ArrayList<>();
        possible.forEach(
            (id, allowed) -> {
              Item item = there.get(id);
              String now = item == null ? "" : item.getData().toStringUtf8();
              if (!allowed.contains(now)) {
                violations.add(id + " is " + now + ", not one of " + allowed);
              }
            });
        return violations;
      } finally {
        quiet.writeLock().unlock();
      }
    }

    void stop() {
      load.stop();
      load.join();
      assertThat(load.errors()).isEmpty();
    }
  }

  @Test
  void writesFailWithAReasonAndGoOnOnceTheDiskIsWell() {
    Model model = new Model();
    model.start();
    for (Operation operation : List.of(Operation.WRITE, Operation.FDATASYNC, Operation.OPEN)) {
      for (Failing error : Failing.values()) {
        for (int spared : List.of(0, 7)) {
          String what = operation + " " + error + " after " + spared;
          model.awaitMore("writes before " + what, model.acknowledged, 20);
          disk.fail(error, spared, EnumSet.of(operation));
          if (operation != Operation.OPEN) { // an open log is written to without opening anything
            model.awaitMore("refusals with " + what, model.refused, 10);
            assertThat(disk.failures()).as(what).isPositive();
          }
          assertThat(cairn.get(SITE, ITEMS, Cairn.itemId(7)).getId()).isEqualTo(Cairn.itemId(7));
          assertThat(cairn.count(SITE, ITEMS)).as(what).isGreaterThanOrEqualTo(200);
          disk.heal();
          model.awaitMore("writes after " + what, model.acknowledged, 20);
          assertThat(model.violations()).as(what).isEmpty();
        }
      }
    }
    model.stop();
    assertThat(model.violations()).isEmpty();
    requireSameAfterRestart();
    assertThat(model.violations()).isEmpty();
  }

  @Test
  void errorsAtRandomLoseNothingThatIsAcknowledged() {
    System.out.println("DiskErrorsIT: seed " + SEED + "; repeat with -Dit.seed=" + SEED);
    Model model = new Model();
    model.start();
    Random random = new Random(SEED);
    for (int round = 0; round < Settings.integer("it.disk.rounds", 6); round++) {
      model.awaitMore("writes before round " + round, model.acknowledged, 20);
      Failing error = random.nextBoolean() ? Failing.EIO : Failing.ENOSPC;
      disk.failSome(
          error,
          100 + random.nextInt(3_000),
          random.nextBoolean() ? ALL : EnumSet.of(Operation.FDATASYNC));
      for (int i = 0; i < 3; i++) {
        String asked = TROUBLE.askedOrRefused(() -> cairn.requestBackup(SITE).getId());
        if (!asked.isEmpty()) {
          requireReadyOrFailedByTheDisk(awaitBackup(asked));
        }
      }
      model.awaitMore("refusals in round " + round, model.refused, 1);
      disk.heal();
      TROUBLE.recoversToABackup(cairn);
      assertThat(model.violations()).as("round %s of seed %s", round, SEED).isEmpty();
    }
    model.stop();
    TROUBLE.requireNothingPending(cairn);
    DataDirectory.requireTidy(server, cairn);
    requireSameAfterRestart();
    assertThat(model.violations()).isEmpty();
  }

  @Test
  void theCheckFindsAnAcknowledgedWriteThatIsGone() {
    Model model = new Model();
    model.start();
    model.awaitMore("writes", model.acknowledged, 50);
    model.stop();
    assertThat(model.violations()).isEmpty();

    String victim = model.possible.keySet().iterator().next();
    cairn.delete(SITE, ITEMS, victim);

    assertThat(model.violations()).hasSize(1).first().asString().startsWith(victim);
  }

  @Test
  void backupsFailWithAReasonAndTheNextOneIsMade() {
    int failed = 0;
    for (Operation operation : ALL) {
      for (int spared : List.of(0, 1, 3, 8)) {
        String what = operation + " after " + spared;
        cairn.save(SITE, ITEMS, "new", "{\"in\":\"" + what + "\"}"); // not in a table file yet
        disk.fail(spared % 2 == 0 ? Failing.EIO : Failing.ENOSPC, spared, EnumSet.of(operation));
        String asked = TROUBLE.askedOrRefused(() -> cairn.requestBackup(SITE).getId());
        if (!asked.isEmpty()) {
          Wait.until(
              "the disk is used by the backup: " + what,
              DiskTrouble.RECOVERY,
              () -> disk.failures() > 0 || hasEnded(asked));
        }
        failed += disk.failures() > 0 ? 1 : 0;
        assertThat(cairn.count(SITE, ITEMS)).as(what).isEqualTo(201);
        disk.heal();
        if (!asked.isEmpty()) {
          requireReadyOrFailedByTheDisk(cairn.awaitBackup(SITE, asked));
        }
        assertThat(TROUBLE.recoversToABackup(cairn).getItemCount()).as(what).isEqualTo(201);
      }
    }
    assertThat(failed).as("backups that met an error").isGreaterThan(10);
    TROUBLE.requireNothingPending(cairn);
    DataDirectory.requireTidy(server, cairn);
    requireSameAfterRestart();
  }

  @Test
  void restorationsBringAllOrNothingAndTheNextOneIsMade() {
    String backup = TROUBLE.recoversToABackup(cairn).getId();
    SortedMap<String, String> then = content();
    int failed = 0;
    for (Operation operation : ALL) {
      for (int spared : List.of(0, 1, 3, 8, 20)) {
        String what = operation + " after " + spared;
        cairn.save(SITE, ITEMS, "since", "{\"in\":\"" + what + "\"}");
        SortedMap<String, String> now = content();
        disk.fail(spared % 2 == 0 ? Failing.EIO : Failing.ENOSPC, spared, EnumSet.of(operation));
        String asked = TROUBLE.askedOrRefused(() -> cairn.requestRestore(SITE, backup).getId());
        if (!asked.isEmpty()) {
          Wait.until(
              "the disk is used by the restoration: " + what,
              DiskTrouble.RECOVERY,
              () ->
                  disk.failures() > 0
                      || cairn.getRestoration(SITE, asked).getState()
                          != RestorationState.RESTORATION_STATE_PENDING);
        }
        failed += disk.failures() > 0 ? 1 : 0;
        assertThat(cairn.get(SITE, ITEMS, Cairn.itemId(7)).getId())
            .as(what)
            .isEqualTo(Cairn.itemId(7));
        disk.heal();
        if (asked.isEmpty()) { // a record that could not be forced may be there all the same
          TROUBLE.requireNothingPending(cairn);
          assertThat(content()).as(what).isIn(now, then);
        } else {
          Restoration ended = cairn.awaitRestoration(SITE, asked);
          boolean done = ended.getState() == RestorationState.RESTORATION_STATE_COMPLETED;
          if (!done) {
            assertThat(ended.getFailure().getReason()).as(what).isIn(TROUBLE.refusals());
          }
          assertThat(content()).as(what).isEqualTo(done ? then : now);
        }
        recoversToARestoration(backup);
        assertThat(content()).as("restored after " + what).isEqualTo(then);
      }
    }
    assertThat(failed).as("restorations that met an error").isGreaterThan(10);
    TROUBLE.requireNothingPending(cairn);
    DataDirectory.requireTidy(server, cairn);
    requireSameAfterRestart();
  }

  private SortedMap<String, String> content() {
    SortedMap<String, String> content = new TreeMap<>();
    cairn.export(SITE, ITEMS).forEach((id, item) -> content.put(id, item.getData().toStringUtf8()));
    return content;
  }

  /** One that begins before the database is open for writing again fails; a later one may not. */
  private void recoversToARestoration(String backup) {
    Wait.until(
        "a restoration is made",
        DiskTrouble.RECOVERY,
        () -> {
          String asked = DiskTrouble.recovers(() -> cairn.requestRestore(SITE, backup).getId());
          return cairn.awaitRestoration(SITE, asked).getState()
              == RestorationState.RESTORATION_STATE_COMPLETED;
        });
  }

  private boolean hasEnded(String backup) {
    return cairn.getBackup(SITE, backup).getState() != BackupState.BACKUP_STATE_PENDING;
  }

  @Test
  void importsGoOnWhereTheyWereAcknowledged() {
    String importId = UUID.randomUUID().toString();
    ImportItemsRequest opening =
        ImportItemsRequest.newBuilder()
            .setSiteId(SITE)
            .setCollectionId(ITEMS)
            .setImportId(importId)
            .build();
    int batches = 0;
    for (Operation operation : List.of(Operation.WRITE, Operation.FDATASYNC)) {
      for (Failing error : Failing.values()) {
        List<List<Item>> more = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          more.add(batch(batches + i));
        }
        int done = batches;
        disk.fail(error, 1, EnumSet.of(operation)); // the first batch is alone, others may share
        TROUBLE.requireRefused(Fault.from(() -> cairn.importItems(opening, more)));
        disk.heal();
        long has =
            DiskTrouble.recovers(
                () -> cairn.importItems(opening, List.of()).getAcknowledgedSequence());
        assertThat(has).isBetween((long) done, done + 5L);
        cairn.importItems(opening, more.subList((int) has - done, more.size()));
        batches += 5;
        assertThat(cairn.count(SITE, ITEMS)).isEqualTo(200 + 10L * batches);
      }
    }
    requireSameAfterRestart();
  }

  private static List<Item> batch(int number) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      items.add(Cairn.item("imported-" + number + "-" + i, "{}"));
    }
    return items;
  }

  @Test
  void theCatalogKeepsWhatItAcknowledged() {
    Set<String> acknowledged = new TreeSet<>();
    int refused = 0;
    int round = 0;
    for (Operation operation : ALL) {
      for (Failing error : Failing.values()) {
        disk.fail(error, round % 3, EnumSet.of(operation));
        for (int i = 0; i < 5; i++) {
          String id = "c-" + round + "-" + i;
          try {
            cairn.createCollection(SITE, id);
            acknowledged.add(id);
          } catch (StatusRuntimeException e) {
            TROUBLE.requireRefused(Fault.of(e));
            refused++;
          }
          assertThat(cairn.siteIds()).contains(SITE);
        }
        disk.heal();
        String last = "c-" + round + "-last";
        DiskTrouble.recovers(
            () -> {
              if (!collections().contains(last)) {
                cairn.createCollection(SITE, last);
              }
              return last;
            });
        acknowledged.add(last);
        round++;
      }
    }
    assertThat(refused).isPositive();
    Set<String> shown = collections();
    assertThat(shown).containsAll(acknowledged);
    requireSameAfterRestart();
    assertThat(collections()).as("what was shown is what the next start finds").isEqualTo(shown);
  }

  private Set<String> collections() {
    Set<String> ids = new TreeSet<>();
    cairn.listCollections(SITE).forEach(each -> ids.add(each.getId()));
    return ids;
  }

  @Test
  void onASlowDiskDeadlinesHoldReadsGoOnAndHealthIsHonest() {
    Map<String, String> written = new TreeMap<>();
    disk.slow(Duration.ofSeconds(3), EnumSet.of(Operation.FDATASYNC, Operation.FSYNC));
    for (int i = 0; i < 3; i++) {
      String id = "slow-" + i;
      SaveItemRequest request =
          SaveItemRequest.newBuilder()
              .setSiteId(SITE)
              .setCollectionId(ITEMS)
              .setItem(Cairn.item(id, "{\"n\":" + i + "}"))
              .build();
      Fault fault =
          Fault.from(
              () -> cairn.items().withDeadlineAfter(300, TimeUnit.MILLISECONDS).saveItem(request));
      assertThat(fault.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      written.put(id, "{\"n\":" + i + "}");

      assertThat(
              HealthGrpc.newBlockingStub(cairn.channel())
                  .withDeadlineAfter(2, TimeUnit.SECONDS)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
      assertThat(cairn.get(SITE, ITEMS, Cairn.itemId(i)).getId()).isEqualTo(Cairn.itemId(i));
    }
    assertThat(disk.seen()).isPositive();
    disk.heal();
    cairn.save(SITE, ITEMS, "quick-again", "{}");
    // Those that were given up are there as they were sent, or not at all.
    SortedMap<String, Item> there = cairn.export(SITE, ITEMS);
    written.forEach(
        (id, data) -> {
          if (there.containsKey(id)) {
            assertThat(there.get(id).getData().toStringUtf8()).isEqualTo(data);
          }
        });
    assertThat(cairn.backup(SITE).getItemCount()).isEqualTo(cairn.count(SITE, ITEMS));
    requireSameAfterRestart();
  }

  // What holds everywhere.

  private Backup awaitBackup(String id) {
    Backup[] last = new Backup[1];
    Wait.until(
        "the backup ends or cannot be recorded",
        DiskTrouble.RECOVERY,
        () -> {
          last[0] = cairn.getBackup(SITE, id);
          return last[0].getState() != BackupState.BACKUP_STATE_PENDING || disk.failures() > 0;
        });
    return last[0];
  }

  private static void requireReadyOrFailedByTheDisk(Backup ended) {
    if (ended.getState() == BackupState.BACKUP_STATE_FAILED) {
      assertThat(ended.getFailure().getReason()).isIn(TROUBLE.refusals());
    }
  }

  private void requireSameAfterRestart() {
    SortedMap<String, SortedMap<String, Item>> before = cairn.content(SITE);
    cairn.close();
    server.stop();
    server.restart();
    cairn = server.connect();
    assertThat(cairn.content(SITE)).isEqualTo(before);
  }
}
