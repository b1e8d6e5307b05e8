package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchThreadTest {
  private final ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1);
  private final WatchThread thread = new WatchThread(timers);

  @AfterEach
  void stop() {
    timers.shutdownNow();
  }

  @Test
  void notesAreWorkedOffInTheirOrder() throws Exception {
    List<Integer> done = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      int number = i;
      thread.execute(() -> done.add(number));
    }

    awaitNotes();

    assertThat(done).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
  }

  @Test
  void noneIsLostWhenManyLeaveSomeAtTheSameTime() throws Exception {
    AtomicInteger done = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread caller =
          new Thread(
              () -> IntStream.range(0, 20_000).forEach(n -> thread.execute(done::incrementAndGet)));
      callers.add(caller);
      caller.start();
    }
    for (Thread caller : callers) {
      caller.join();
    }

    awaitNotes();

    assertThat(done).hasValue(80_000);
  }

  @Test
  void aTimerComesBetweenNotesThatNeverEnd() throws Exception {
    CompletableFuture<Boolean> due = new CompletableFuture<>();
    thread.execute(
        new Runnable() {
          @Override
          public void run() {
            if (!due.isDone()) {
              thread.execute(this);
            }
          }
        });

    thread.schedule(() -> due.complete(true), TimeUnit.MILLISECONDS.toNanos(1));

    assertThat(due.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aNoteThatFailsHarmsNoOther() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    thread.execute(() -> uninterruptibly(held));
    thread.execute(
        () -> {
          throw new IllegalStateException("the call is closed");
        });
    thread.execute(
        () -> {
          throw new StackOverflowError("a message with a thousand levels");
        });
    CompletableFuture<Boolean> next = new CompletableFuture<>();
    thread.execute(() -> next.complete(true));

    held.countDown();

    assertThat(next.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void atShutdownWhoeverLeavesANoteIsTold() {
    timers.shutdownNow();

    assertThatThrownBy(() -> thread.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> thread.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
  }

  private void awaitNotes() throws Exception {
    CompletableFuture<Boolean> last = new CompletableFuture<>();
    thread.execute(() -> last.complete(true));
    assertThat(last.get(30, TimeUnit.SECONDS)).isTrue();
  }

  private static void uninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
