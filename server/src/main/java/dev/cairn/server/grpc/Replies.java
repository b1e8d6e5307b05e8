package dev.cairn.server.grpc;

import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers calls. */
final class Replies {
  private static final Logger log = LoggerFactory.getLogger(Replies.class);

  private static final int DEFAULT_PAGE = 100;

  private Replies() {}

  static <A> void send(StreamObserver<A> caller, A answer) {
    caller.onNext(answer);
    caller.onCompleted();
  }

  /**
   * Answers the call that this thread works on when {@code result} is there; the thread need not
   * wait for it.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // throws nothing that is not logged
  static <R, A> void sendLater(
      StreamObserver<A> caller, CompletableFuture<R> result, Function<R, A> answer) {
    Workers.Later later = Workers.later();
    result.whenComplete(
        (value, failure) -> {
          try {
            later.run(() -> sendOutcome(caller, value, failure, answer));
          } catch (RuntimeException | Error e) {
            log.error("a call could not be answered", e);
          }
        });
  }

  private static <R, A> void sendOutcome(
      StreamObserver<A> caller, R value, @Nullable Throwable failure, Function<R, A> answer) {
    if (failure != null) {
      caller.onError(
          failure instanceof CompletionException && failure.getCause() != null
              ? failure.getCause()
              : failure);
      return;
    }
    try {
      send(caller, answer.apply(value));
    } catch (RuntimeException | Error e) {
      caller.onError(e);
    }
  }

  /** How many entries a page shall have. */
  static int pageSize(int wanted, Limits limits) {
    return pageSize(wanted, DEFAULT_PAGE, limits);
  }

  static int pageSize(int wanted, int otherwise, Limits limits) {
    return wanted == 0 ? Math.min(otherwise, limits.pageSize()) : wanted;
  }

  /**
   * Some entries of a list.
   *
   * @param more whether there are further ones
   */
  record Page<T>(List<T> entries, boolean more) {
    /** What {@code position} makes of its last entry; empty on the last page. */
    String next(Function<T, String> position) {
      return more && !entries.isEmpty() ? position.apply(entries.get(entries.size() - 1)) : "";
    }
  }

  /**
   * The first {@code size} of the entries, fewer if they would become too large for one message,
   * but one at least.
   */
  static <T> Page<T> page(Iterable<T> all, int size, ToIntFunction<T> bytes, Limits limits) {
    List<T> entries = new ArrayList<>();
    long total = 0;
    for (T entry : all) {
      total += bytes.applyAsInt(entry) + 8L;
      if (entries.size() == size || (total > limits.answerBytes() && !entries.isEmpty())) {
        return new Page<>(entries, true);
      }
      entries.add(entry);
    }
    return new Page<>(entries, false);
  }
}
