package dev.cairn.server.site;

import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DoorTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<List<Integer>> groups = Collections.synchronizedList(new ArrayList<>());
  private final Door<Integer> door = new Door<>(groups::add, Threads.LEADERS, LONG);

  @Test
  void writesThatWaitTogetherAreCarriedOutTogetherInTheirOrder() {
    CompletableFuture<Void> section = hold(door);
    List<CompletableFuture<Void>> writers = queueWrites(door, 0, 100);

    release();
    Threads.joinAll(writers);
    Threads.join(section);

    assertThat(groups).containsExactly(IntStream.range(0, 100).boxed().toList());
  }

  @Test
  void groupHasABound() {
    CompletableFuture<Void> section = hold(door);
    List<CompletableFuture<Void>> writers = queueWrites(door, 0, Door.MAX_GROUP + 1);

    release();
    Threads.joinAll(writers);
    Threads.join(section);

    assertThat(groups).extracting(List::size).containsExactly(Door.MAX_GROUP, 1);
  }

  @Test
  void writesDoNotOvertakeASection() {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Door<Integer> recording =
        new Door<>(group -> order.add("write" + group), Threads.LEADERS, LONG);
    CompletableFuture<Void> first = hold(recording);
    List<CompletableFuture<Void>> before = queueWrites(recording, 0, 3);
    CompletableFuture<Void> section =
        Threads.start(() -> recording.exclusively(() -> order.add("section")));
    awaitWaiting(recording, 4);
    List<CompletableFuture<Void>> after = queueWrites(recording, 3, 2);

    release();
    Threads.joinAll(before);
    Threads.joinAll(after);
    Threads.join(section);
    Threads.join(first);

    assertThat(order).containsExactly("write[0, 1, 2]", "section", "write[3, 4]");
  }

  @Test
  void sectionAnswersWhatItsWorkAnswersAndHowLongWritesWaited() {
    assertThat(door.exclusively(() -> 7)).isEqualTo(new Door.Outcome<>(7, Optional.empty()));

    CompletableFuture<Boolean> entered = new CompletableFuture<>();
    CompletableFuture<Door.Outcome<Integer>> section =
        Threads.call(
            () ->
                door.exclusively(
                    () -> {
                      entered.complete(true);
                      awaitWaiting(door, 1);
                      return 8;
                    }));
    Threads.join(entered);
    Threads.join(Threads.start(() -> door.write(1)));

    assertThat(Threads.join(section).result()).isEqualTo(8);
    assertThat(Threads.join(section).longestWait())
        .hasValueSatisfying(wait -> assertThat(wait).isPositive());
  }

  @Test
  void writeThatCannotWaitForTheSwitchIsRefusedAndNotMade() {
    Door<Integer> impatient = new Door<>(groups::add, Threads.LEADERS, Duration.ofMillis(30));
    CompletableFuture<Void> section = hold(impatient);

    assertThatThrownBy(() -> impatient.write(1))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.SITE_SWITCHING);
              assertThat(e.retryAfter()).isPresent();
            });

    assertThat(impatient.waiting()).isZero();
    release();
    Threads.join(section);
    impatient.write(2);
    assertThat(groups).containsExactly(List.of(2));
  }

  @Test
  void writeThatIsCarriedOutAlreadyWaitsForItsOutcomeHoweverLong() {
    CountDownLatch leading = new CountDownLatch(1);
    Semaphore go = new Semaphore(0);
    Door<Integer> slow =
        new Door<>(
            group -> {
              if (group.contains(0)) {
                leading.countDown();
                go.acquireUninterruptibly();
              }
              if (group.contains(1)) {
                assertThat(group).containsExactly(1, 2);
                go.acquireUninterruptibly();
              }
              groups.add(group);
            },
            Threads.LEADERS,
            Duration.ofMillis(200));
    CompletableFuture<Void> first = Threads.start(() -> slow.write(0));
    awaitLatch(leading);
    List<CompletableFuture<Void>> pair = queueWrites(slow, 1, 2);

    go.release();
    Threads.join(first);
    Threads.await("both are taken", () -> slow.waiting() == 0);
    sleep(Duration.ofMillis(300));
    go.release();

    Threads.joinAll(pair);
    assertThat(groups).containsExactly(List.of(0), List.of(1, 2));
  }

  @Test
  void failureOfTheWriterReachesEveryMemberOfItsGroupAndNobodyElse() {
    Door<Integer> failing =
        new Door<>(
            group -> {
              if (group.contains(1)) {
                throw new ServiceException(Reason.DISK_FULL, "full");
              }
              groups.add(group);
            },
            Threads.LEADERS,
            LONG);
    CompletableFuture<Void> section = hold(failing);
    List<CompletableFuture<Void>> group = queueWrites(failing, 0, 3);
    CompletableFuture<Void> second = Threads.start(() -> failing.exclusively(() -> 1));
    awaitWaiting(failing, 4);
    List<CompletableFuture<Void>> after = queueWrites(failing, 3, 2);

    release();

    group.forEach(each -> assertFails(Reason.DISK_FULL, () -> Threads.join(each)));
    Threads.joinAll(after);
    Threads.join(second);
    Threads.join(section);
    assertThat(groups).containsExactly(List.of(3, 4));
  }

  @Test
  void followersDoNotTakeTheDeathOfTheirLeaderForSuccess() {
    Door<Integer> dying =
        new Door<>(
            group -> {
              throw new StackOverflowError("died");
            },
            Threads.LEADERS,
            LONG);
    CompletableFuture<Void> section = hold(dying);
    List<CompletableFuture<Void>> group = queueWrites(dying, 0, 2);

    release();
    Threads.join(section);

    assertThatThrownBy(() -> Threads.join(group.get(0))).isInstanceOf(StackOverflowError.class);
    assertThatThrownBy(() -> Threads.join(group.get(1))).isInstanceOf(IllegalStateException.class);
    assertThat(dying.exclusively(() -> 1).result()).isEqualTo(1);
  }

  @Test
  void sectionThatFailsLetsTheNextOneIn() {
    assertThatThrownBy(
            () ->
                door.exclusively(
                    () -> {
                      throw new IllegalArgumentException("no");
                    }))
        .hasMessage("no");

    door.write(1);

    assertThat(groups).containsExactly(List.of(1));
  }

  @Test
  void interruptedWriterWaitsOnAndKeepsItsInterrupt() {
    CompletableFuture<Void> section = hold(door);
    CompletableFuture<Boolean> interrupted =
        Threads.call(
            () -> {
              Thread.currentThread().interrupt();
              door.write(1);
              return Thread.interrupted();
            });
    awaitWaiting(door, 1);

    release();
    Threads.join(section);

    assertThat(Threads.join(interrupted)).isTrue();
    assertThat(groups).containsExactly(List.of(1));
  }

  @Test
  void interruptOfTheLeaderDoesNotDisturbTheWritesOfOthers() {
    AtomicInteger disturbed = new AtomicInteger();
    Door<Integer> watching =
        new Door<>(
            group -> {
              if (Thread.currentThread().isInterrupted()) {
                disturbed.incrementAndGet();
              }
            },
            Threads.LEADERS,
            LONG);

    Thread.currentThread().interrupt();
    watching.write(1);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(disturbed).hasValue(0);
  }

  @Test
  void interruptsDoNotMakeAWriterWaitForLonger() {
    Door<Integer> impatient = new Door<>(groups::add, Threads.LEADERS, Duration.ofMillis(100));
    CompletableFuture<Void> section = hold(impatient);
    CompletableFuture<Thread> writer = new CompletableFuture<>();
    CompletableFuture<Void> refused =
        Threads.start(
            () -> {
              writer.complete(Thread.currentThread());
              impatient.write(1);
            });
    Thread thread = Threads.join(writer);

    long begin = System.nanoTime();
    while (!refused.isDone() && System.nanoTime() - begin < LONG.toNanos()) {
      thread.interrupt();
      sleep(Duration.ofMillis(5));
    }

    assertFails(Reason.SITE_SWITCHING, () -> Threads.join(refused));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    release();
    Threads.join(section);
  }

  @Test
  void submittedWriteKeepsNoThreadWhileOthersWrite() {
    Slow slow = new Slow(Threads.LEADERS);
    CompletableFuture<Void> first = slow.begin();

    List<CompletableFuture<Void>> submitted =
        IntStream.range(1, 101).mapToObj(number -> submit(slow.door, number)).toList();

    assertThat(slow.door.waiting()).isEqualTo(100);
    assertThat(submitted).noneMatch(CompletableFuture::isDone);
    slow.go.release(2);
    Threads.join(first);
    Threads.joinAll(submitted);
    assertThat(groups).containsExactly(List.of(0), IntStream.range(1, 101).boxed().toList());
  }

  @Test
  void submittedWriteAtAFreeDoorIsCarriedOutAtOnce() {
    CompletableFuture<Void> written = submit(door, 1);

    assertThat(written).isCompleted();
    assertThat(groups).containsExactly(List.of(1));
  }

  @Test
  void waitingAndSubmittedWritesTakeEachOtherAlong() {
    Slow slow = new Slow(Threads.LEADERS);
    CompletableFuture<Void> first = slow.begin();
    CompletableFuture<Void> second = submit(slow.door, 1);
    List<CompletableFuture<Void>> third = queueWrites(slow.door, 2, 1);
    CompletableFuture<Void> fourth = submit(slow.door, 3);

    slow.go.release(2);

    Threads.joinAll(List.of(first, second, third.get(0), fourth));
    assertThat(groups).containsExactly(List.of(0), List.of(1, 2, 3));
  }

  @Test
  void submittedWriteIsCarriedOutThoughNoThreadMayLead() {
    isCarriedOutWithout(
        task -> {
          throw new RejectedExecutionException("on purpose");
        });
  }

  @Test
  void submittedWriteIsCarriedOutThoughNoThreadCanBeMade() {
    isCarriedOutWithout(
        task -> {
          throw new OutOfMemoryError("on purpose: unable to create native thread");
        });
  }

  private void isCarriedOutWithout(Executor leaders) {
    Slow slow = new Slow(leaders);
    CompletableFuture<Void> first = slow.begin();
    CompletableFuture<Void> second = submit(slow.door, 1);

    slow.go.release(2);

    Threads.joinAll(List.of(first, second));
    assertThat(groups).containsExactly(List.of(0), List.of(1));
  }

  @Test
  void submittedWriteWaitsBehindASectionForAsLongAsAnyOther() {
    Door<Integer> impatient = new Door<>(groups::add, Threads.LEADERS, Duration.ofMillis(30));
    CompletableFuture<Void> section = hold(impatient);

    CompletableFuture<Void> refused = submit(impatient, 1);

    assertFails(Reason.SITE_SWITCHING, () -> Threads.join(refused));
    assertThat(impatient.waiting()).isZero();
    release();
    Threads.join(section);
    Threads.join(submit(impatient, 2));
    assertThat(groups).containsExactly(List.of(2));
  }

  @Test
  void submittedWriteThatCameBeforeASectionIsDoneBeforeIt() {
    Slow slow = new Slow(Threads.LEADERS);
    CompletableFuture<Void> first = slow.begin();
    CompletableFuture<Void> before = submit(slow.door, 1);
    CompletableFuture<Void> section =
        Threads.start(() -> slow.door.exclusively(() -> groups.add(List.of(-1))));
    awaitWaiting(slow.door, 2);
    CompletableFuture<CompletableFuture<Void>> after = Threads.call(() -> submit(slow.door, 2));
    awaitWaiting(slow.door, 3);

    slow.go.release(3);

    Threads.joinAll(List.of(first, before, section, Threads.join(after)));
    assertThat(groups).containsExactly(List.of(0), List.of(1), List.of(-1), List.of(2));
  }

  @Test
  void submittedWritesAreToldWhatFailed() {
    Door<Integer> failing =
        new Door<>(
            group -> {
              throw new ServiceException(Reason.DISK_FULL, "full");
            },
            Threads.LEADERS,
            LONG);

    assertFails(Reason.DISK_FULL, () -> Threads.join(submit(failing, 1)));
    assertThat(failing.exclusively(() -> 1).result()).isEqualTo(1);
  }

  @Test
  void submittedWritesOfAGroupThatFailsAreAllTold() {
    Slow slow = new Slow(Threads.LEADERS);
    CompletableFuture<Void> first = slow.begin();
    slow.failure = new ServiceException(Reason.DISK_FULL, "full");
    List<CompletableFuture<Void>> group =
        List.of(submit(slow.door, 1), submit(slow.door, 2), submit(slow.door, 3));

    slow.go.release(2);

    assertFails(Reason.DISK_FULL, () -> Threads.join(first));
    group.forEach(each -> assertFails(Reason.DISK_FULL, () -> Threads.join(each)));
    assertThat(slow.door.waiting()).isZero();
  }

  @Test
  void submittedWritesDoNotTakeTheDeathOfTheirLeaderForSuccess() {
    Slow slow =
        new Slow(
            task ->
                Threads.LEADERS.execute(
                    () -> assertThatThrownBy(task::run).isInstanceOf(StackOverflowError.class)));
    CompletableFuture<Void> first = slow.begin();
    slow.death = new StackOverflowError("died");
    List<CompletableFuture<Void>> group = List.of(submit(slow.door, 1), submit(slow.door, 2));

    slow.go.release(2);

    assertThatThrownBy(() -> Threads.join(first)).isInstanceOf(StackOverflowError.class);
    group.forEach(
        each ->
            assertThatThrownBy(() -> Threads.join(each)).isInstanceOf(IllegalStateException.class));
    assertThat(slow.door.exclusively(() -> 1).result()).isEqualTo(1);
  }

  private final AtomicInteger toldAgain = new AtomicInteger();

  @AfterEach
  void nobodyWasToldTwice() {
    assertThat(toldAgain).hasValue(0);
  }

  private CompletableFuture<Void> submit(Door<Integer> door, int number) {
    CompletableFuture<Void> written = new CompletableFuture<>();
    door.submit(
        number,
        failure -> {
          boolean first =
              failure == null ? written.complete(null) : written.completeExceptionally(failure);
          toldAgain.addAndGet(first ? 0 : 1);
        });
    return written;
  }

  /** A door where each group waits for a permit. */
  private final class Slow {
    final Semaphore go = new Semaphore(0);
    final CountDownLatch leading = new CountDownLatch(1);
    final Door<Integer> door;
    volatile @Nullable ServiceException failure;
    volatile @Nullable StackOverflowError death;

    Slow(Executor leaders) {
      door =
          new Door<>(
              group -> {
                leading.countDown();
                go.acquireUninterruptibly();
                fail();
                groups.add(group);
              },
              leaders,
              LONG);
    }

    private void fail() {
      ServiceException failed = failure;
      StackOverflowError died = death;
      if (failed != null) {
        throw failed;
      }
      if (died != null) {
        throw died;
      }
    }

    /** Number 0 is inside. */
    CompletableFuture<Void> begin() {
      CompletableFuture<Void> first = Threads.start(() -> door.write(0));
      awaitLatch(leading);
      return first;
    }
  }

  @Test
  void thirtyTwoThreadsLoseNoWriteAndNeverMeetInASection() {
    long seed = System.nanoTime();
    AtomicInteger inside = new AtomicInteger();
    AtomicLong written = new AtomicLong();
    AtomicLong commits = new AtomicLong();
    AtomicInteger met = new AtomicInteger();
    Door<Integer> busy =
        new Door<>(
            group -> {
              enter(inside, met);
              commits.incrementAndGet();
              written.addAndGet(group.size());
              inside.decrementAndGet();
            },
            Threads.LEADERS,
            Duration.ofMillis(2));
    AtomicLong accepted = new AtomicLong();
    AtomicLong refused = new AtomicLong();
    AtomicLong sections = new AtomicLong();
    long end = System.nanoTime() + Duration.ofMillis(1500).toNanos();

    Threads.joinAll(
        Threads.start(
            32,
            number -> {
              Random random = new Random(seed + number);
              while (System.nanoTime() < end) {
                int choice = random.nextInt(40);
                if (choice == 0) {
                  busy.exclusively(
                      () -> {
                        enter(inside, met);
                        if (random.nextInt(4) == 0) {
                          sleep(Duration.ofMillis(3));
                        }
                        inside.decrementAndGet();
                        return sections.incrementAndGet();
                      });
                } else {
                  try {
                    if (choice % 2 == 0) {
                      busy.write(number);
                    } else {
                      Threads.join(submit(busy, number));
                    }
                    accepted.incrementAndGet();
                  } catch (ServiceException e) {
                    assertThat(e.reason()).isEqualTo(Reason.SITE_SWITCHING);
                    refused.incrementAndGet();
                  }
                }
              }
            }));

    assertThat(met).as("met inside, seed " + seed).hasValue(0);
    assertThat(written).as("seed " + seed).hasValue(accepted.get());
    assertThat(busy.waiting()).isZero();
    assertThat(commits.get()).isLessThan(written.get());
    assertThat(sections.get()).isPositive();
    assertThat(refused.get()).as("some must have been refused, seed " + seed).isPositive();
  }

  private static void enter(AtomicInteger inside, AtomicInteger met) {
    if (inside.incrementAndGet() != 1) {
      met.incrementAndGet();
    }
  }

  private final Semaphore held = new Semaphore(0);

  /** A section that stays inside until {@link #release()}. */
  private CompletableFuture<Void> hold(Door<Integer> held) {
    CountDownLatch entered = new CountDownLatch(1);
    CompletableFuture<Void> section =
        Threads.start(
            () ->
                held.exclusively(
                    () -> {
                      entered.countDown();
                      this.held.acquireUninterruptibly();
                      return 0;
                    }));
    awaitLatch(entered);
    return section;
  }

  private void release() {
    held.release();
  }

  /** Writes numbers from {@code first}, one after the other in the queue. */
  private static List<CompletableFuture<Void>> queueWrites(
      Door<Integer> door, int first, int count) {
    int before = door.waiting();
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = first + i;
      writers.add(Threads.start(() -> door.write(number)));
      awaitWaiting(door, before + i + 1);
    }
    return writers;
  }

  private static void awaitWaiting(Door<Integer> door, int count) {
    Threads.await(count + " wait", () -> door.waiting() == count);
  }

  private static void awaitLatch(CountDownLatch latch) {
    Threads.await("it has begun", () -> latch.getCount() == 0);
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
