package dev.cairn.server.site;

import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pool with databases that only know whether they are open. */
@Timeout(60)
final class StorePoolTest {
  private static final Path A = Path.of("a");
  private static final Path B = Path.of("b");
  private static final Path C = Path.of("c");

  private final ManualClock clock = ManualClock.start();
  private final FakeDatabases databases = new FakeDatabases();
  private final StorePool pool = new StorePool(databases::open, 2, clock);

  @Test
  void opensOnFirstUseAndSharesByLeases() {
    try (Lease first = lease(A);
        Lease second = lease(A)) {
      assertThat(first.store()).isSameAs(second.store());
    }
    try (Lease third = lease(A)) {
      assertThat(third.store().isHealthy()).isTrue();
    }

    assertThat(databases.opened).containsExactly(A);
    assertThat(pool.openCount()).isEqualTo(1);
  }

  @Test
  void leaseIsOverOnceClosedAndClosingItTwiceDoesNothing() {
    Lease lease = lease(A);
    try (Lease other = lease(A)) {
      lease.close();
      lease.close();
      pool.closeIdle(Duration.ZERO);

      assertThatThrownBy(lease::store).isInstanceOf(IllegalStateException.class);
      assertThat(other.store().isHealthy()).isTrue();
      assertThat(databases.isOpen(A)).isTrue();
    }
  }

  @Test
  void openingIsDoneOnceHoweverManyComeAtTheSameTime() {
    databases.opening = new Semaphore(0);
    List<CompletableFuture<Void>> users = Threads.start(16, number -> lease(A).close());
    Threads.await("one opens", () -> databases.openings.get() == 1);

    databases.opening.release(16);
    Threads.joinAll(users);

    assertThat(databases.opened).containsExactly(A);
  }

  @Test
  void openingOneDatabaseDelaysNoOther() {
    lease(B).close();
    lease(C).close();
    databases.opening = new Semaphore(0);
    CompletableFuture<Void> slow = Threads.start(() -> lease(A).close());
    Threads.await("it opens", () -> databases.openings.get() == 3);
    Semaphore held = databases.opening;
    databases.opening = new Semaphore(100);

    // Too many are open then, so that this one also looks for one to close.
    Threads.join(Threads.start(() -> lease(Path.of("d")).close()));

    assertThat(slow).isNotDone();
    held.release();
    Threads.join(slow);
  }

  @Test
  void whenTooManyAreOpenTheOneUnusedForLongestIsClosed() {
    use(A, B);
    use(A);

    lease(C).close();

    assertThat(databases.open()).containsExactlyInAnyOrder(A, C);
    assertThat(pool.openCount()).isEqualTo(2);
  }

  @Test
  void leasedDatabasesAreNotClosedHoweverManyThereAre() {
    try (Lease a = lease(A);
        Lease b = lease(B);
        Lease c = lease(C)) {
      assertThat(List.of(a, b, c)).allMatch(each -> each.store().isHealthy());
      assertThat(pool.openCount()).isEqualTo(3);
    }
    lease(Path.of("d")).close();

    assertThat(pool.openCount()).isEqualTo(2);
  }

  @Test
  void idleDatabasesAreClosedAndOpenedAgainOnUse() {
    use(A, B);
    clock.advance(Duration.ofMinutes(5));
    try (Lease held = lease(A)) {
      pool.closeIdle(Duration.ofMinutes(5));

      assertThat(databases.open()).containsExactly(A);
      assertThat(held.store().isHealthy()).isTrue();
    }
    pool.closeIdle(Duration.ofMinutes(5));
    assertThat(databases.open()).containsExactly(A);
    clock.advance(Duration.ofMinutes(5));
    pool.closeIdle(Duration.ofMinutes(5));
    assertThat(databases.open()).isEmpty();

    lease(A).close();

    assertThat(databases.opened).containsExactly(A, B, A);
  }

  @Test
  void databaseIsNotOpenedAgainBeforeItIsClosed() {
    use(A);
    databases.closing = new Semaphore(0);
    CompletableFuture<Void> eviction = Threads.start(() -> pool.closeIdle(Duration.ZERO));
    Threads.await("it is being closed", () -> databases.closings.get() == 1);

    CompletableFuture<Void> user = Threads.start(() -> lease(A).close());
    for (int i = 0; i < 30; i++) {
      Threads.pause();
    }

    assertThat(databases.opened).as("while it is being closed").containsExactly(A);
    databases.closing.release(10);
    Threads.join(eviction);
    Threads.join(user);
    assertThat(databases.opened).containsExactly(A, A);
  }

  @Test
  void retiredDatabaseIsClosedAfterItsLastLeaseAndThenCleanedUpOnce() {
    AtomicInteger cleanups = new AtomicInteger();
    Lease first = lease(A);
    Lease second = lease(A);

    pool.retire(
        A,
        () -> {
          assertThat(databases.isOpen(A)).isFalse();
          cleanups.incrementAndGet();
        });

    assertThat(pool.acquire(A)).isEmpty();
    first.close();
    assertThat(cleanups).hasValue(0);
    assertThat(second.store().isHealthy()).isTrue();
    second.close();
    second.close();
    assertThat(cleanups).hasValue(1);
    assertThat(pool.acquire(A)).isEmpty();
    assertThat(pool.openCount()).isZero();
  }

  @Test
  void retiringWhatNobodyUsesCleansUpAtOnce() {
    List<String> cleaned = new ArrayList<>();
    use(A);

    pool.retire(A, () -> cleaned.add("open"));
    pool.retire(B, () -> cleaned.add("never opened"));

    assertThat(cleaned).containsExactly("open", "never opened");
    assertThat(databases.open()).isEmpty();
    assertThat(databases.opened).containsExactly(A);
  }

  @Test
  void whoGivesTheLastLeaseBackIsNotTroubledByACleanupThatFails() {
    Lease lease = lease(A);
    pool.retire(
        A,
        () -> {
          throw new ServiceException(Reason.STORAGE_FAILED, "cannot delete");
        });

    lease.close();

    assertThat(databases.open()).isEmpty();
  }

  @Test
  void directoryThatIsForgottenMayHoldANewDatabase() {
    use(A);
    pool.retire(A, () -> pool.forget(A));

    use(A);

    assertThat(databases.opened).containsExactly(A, A);
  }

  @Test
  void unhealthyDatabaseIsOpenedAgainAfterItsLastLease() {
    Lease lease = lease(A);
    databases.breakDown(A);

    try (Lease reader = lease(A)) {
      assertThat(reader.store()).as("reads go on").isSameAs(lease.store());
    }
    lease.close();

    try (Lease again = lease(A)) {
      assertThat(again.store().isHealthy()).isTrue();
    }
    assertThat(databases.opened).containsExactly(A, A);
    assertThat(pool.openCount()).isEqualTo(1);
  }

  @Test
  void newLeasesWaitAMomentForTheLastUserOfAnUnhealthyDatabase() {
    Lease lease = lease(A);
    databases.breakDown(A);
    CompletableFuture<Boolean> next =
        CompletableFuture.supplyAsync(
            () -> {
              // Whoever holds a lease for longer than that moment is not waited for again at once.
              while (true) {
                try (Lease mine = lease(A)) {
                  if (mine.store().isHealthy()) {
                    return true;
                  }
                }
                clock.advance(Duration.ofSeconds(1));
              }
            });

    lease.close();

    assertThat(Threads.join(next)).isTrue();
    assertThat(databases.opened).containsExactly(A, A);
  }

  @Test
  void databaseThatOpensForReadingOnlyServesAndIsTriedAgainAfterAPause() {
    lease(A).close();
    databases.breakDown(A);
    databases.staysBroken = true;

    for (int i = 0; i < 5; i++) {
      try (Lease reader = lease(A)) {
        assertThat(reader.store().isHealthy()).isFalse();
      }
    }
    assertThat(databases.opened).as("tried once").containsExactly(A, A);

    databases.staysBroken = false;
    clock.advance(Duration.ofSeconds(1));
    try (Lease writer = lease(A)) {
      assertThat(writer.store().isHealthy()).isTrue();
    }
    assertThat(pool.openCount()).isEqualTo(1);
  }

  @Test
  void openingThatFailsLeavesNothingBehind() {
    databases.failures.put(A, new ServiceException(Reason.DATA_CORRUPT, "damaged"));

    assertFails(Reason.DATA_CORRUPT, () -> lease(A));
    assertThat(pool.openCount()).isZero();
    databases.failures.clear();

    use(A);
    assertThat(pool.openCount()).isEqualTo(1);
  }

  @Test
  void adoptedDatabaseServesTheFirstLease() {
    ItemStore store = databases.open(A);

    pool.adopt(A, store);

    try (Lease lease = lease(A)) {
      assertThat(lease.store()).isSameAs(store);
    }
    assertThat(pool.openCount()).isEqualTo(1);
    assertThat(databases.opened).containsExactly(A);
  }

  @Test
  void databaseThatCannotBeAdoptedIsClosed() {
    use(A);
    ItemStore second = databases.open(B);

    assertThatThrownBy(() -> pool.adopt(A, second)).isInstanceOf(IllegalStateException.class);

    assertThat(databases.open()).containsExactly(A);
    assertThat(pool.openCount()).isEqualTo(1);
  }

  @Test
  void closingClosesWhatIsIdleAndLeavesWhatIsLeased() {
    use(A);
    try (Lease held = lease(B)) {
      pool.close();

      assertThat(databases.open()).containsExactly(B);
      assertThat(held.store().isHealthy()).isTrue();
    }
  }

  @Test
  void nothingIsOpenedAfterClosing() {
    use(A);
    pool.close();

    assertFails(Reason.SHUTTING_DOWN, () -> lease(A));
    assertFails(Reason.SHUTTING_DOWN, () -> lease(B));

    assertThat(databases.open()).isEmpty();
  }

  @Test
  void nobodyEverSeesAClosedDatabaseUnderHeavyUse() {
    long seed = System.nanoTime();
    StorePool small = new StorePool(databases::open, 2, clock);
    Threads.joinAll(
        Threads.start(
            8,
            number -> {
              Random random = new Random(seed + number);
              for (int i = 0; i < 3_000; i++) {
                Path directory = Path.of("db" + random.nextInt(6));
                switch (random.nextInt(20)) {
                  case 0 -> small.closeIdle(Duration.ZERO);
                  case 1 -> databases.breakDown(directory);
                  default -> {
                    try (Lease lease = small.acquire(directory).orElseThrow()) {
                      databases.requireOpen(lease.store());
                    } catch (ServiceException e) {
                      assertThat(e.reason()).isEqualTo(Reason.STORAGE_FAILED);
                    }
                  }
                }
              }
            }));

    assertThat(small.openCount()).as("seed " + seed).isEqualTo(databases.open().size());
    small.closeIdle(Duration.ZERO);
    assertThat(databases.open()).as("seed " + seed).isEmpty();
    assertThat(small.openCount()).as("seed " + seed).isZero();
  }

  private Lease lease(Path directory) {
    return pool.acquire(directory).orElseThrow();
  }

  private void use(Path... directories) {
    for (Path directory : directories) {
      lease(directory).close();
      clock.advance(Duration.ofSeconds(1));
    }
  }

  /** Databases that can be opened once at a time each, fail and break down. Thread-safe. */
  private static final class FakeDatabases {
    volatile boolean staysBroken;
    final List<Path> opened = new CopyOnWriteArrayList<>();
    final Map<Path, ItemStore> open = new ConcurrentHashMap<>();
    final Map<Path, RuntimeException> failures = new ConcurrentHashMap<>();
    final Map<Path, Boolean> broken = new ConcurrentHashMap<>();
    final AtomicInteger openings = new AtomicInteger();
    final AtomicInteger closings = new AtomicInteger();
    volatile Semaphore opening = new Semaphore(Integer.MAX_VALUE);
    volatile Semaphore closing = new Semaphore(Integer.MAX_VALUE);

    ItemStore open(Path directory) {
      openings.incrementAndGet();
      opening.acquireUninterruptibly();
      Optional.ofNullable(failures.get(directory))
          .ifPresent(
              failure -> {
                throw failure;
              });
      if (!staysBroken) {
        broken.remove(directory);
      }
      ItemStore store = database(directory);
      assertThat(open.put(directory, store)).as("opened twice: " + directory).isNull();
      opened.add(directory);
      return store;
    }

    private ItemStore database(Path directory) {
      return (ItemStore)
          Proxy.newProxyInstance(
              ItemStore.class.getClassLoader(),
              new Class<?>[] {ItemStore.class},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "isHealthy" -> !broken.containsKey(directory);
                    case "close" -> {
                      closings.incrementAndGet();
                      closing.acquireUninterruptibly();
                      assertThat(open.remove(directory)).as("closed twice").isNotNull();
                      yield null;
                    }
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> throw new UnsupportedOperationException(method.getName());
                  });
    }

    void breakDown(Path directory) {
      broken.put(directory, true);
    }

    boolean isOpen(Path directory) {
      return open.containsKey(directory);
    }

    List<Path> open() {
      return List.copyOf(open.keySet());
    }

    void requireOpen(ItemStore store) {
      assertThat(open.containsValue(store)).as("the leased database is open").isTrue();
    }
  }
}
