package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** Runs things beside the test's thread, and fails where a test would hang. */
public final class Threads {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Carry out what waits at the doors of sites. */
  public static final Executor LEADERS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "write");
            thread.setDaemon(true);
            return thread;
          });

  private Threads() {}

  /** Something that runs and may end with anything. */
  @FunctionalInterface
  public interface Body {
    void run() throws Exception;
  }

  /** Starts {@code body} on a thread of its own. */
  public static CompletableFuture<Void> start(Body body) {
    return call(
        () -> {
          body.run();
          return null;
        });
  }

  /** Starts {@code body} on a thread of its own and has its answer later. */
  public static <T> CompletableFuture<T> call(Callable<T> body) {
    CompletableFuture<T> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                end.complete(body.call());
              } catch (Throwable e) {
                end.completeExceptionally(e);
              }
            },
            "test");
    thread.setDaemon(true);
    thread.start();
    return end;
  }

  /** Starts one body {@code count} times, each with its number. */
  public static List<CompletableFuture<Void>> start(int count, NumberedBody body) {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      all.add(start(() -> body.run(number)));
    }
    return all;
  }

  /** A body that knows its number. */
  @FunctionalInterface
  public interface NumberedBody {
    void run(int number) throws Exception;
  }

  /** Waits for the end and throws what was thrown there. */
  public static <T> T join(CompletableFuture<T> future) {
    try {
      return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("it hangs", e);
    }
  }

  public static void joinAll(List<CompletableFuture<Void>> all) {
    all.forEach(Threads::join);
  }

  /** Waits until {@code condition} holds. */
  public static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("still waiting until " + what).isLessThan(deadline);
      pause();
    }
  }

  /** Lets other threads go on for a moment. */
  public static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(1);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }
}
