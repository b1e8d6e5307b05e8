package dev.cairn.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The states of one backup or restoration: first the present one, then each change, the last one is
 * final. When the connection breaks, it is made again with growing pauses and the watch goes on
 * after the last state seen; a state may be passed over if a newer one is there, the final one
 * never is. A job that FAILED is a final state, not an exception.
 *
 * <p>{@link #hasNext} and {@link #next} wait, and throw {@link CairnException} if there is no such
 * backup or restoration, or the server cannot be reached for longer than {@link
 * RetryPolicy#reconnectFor()}. Closing stops nothing but the watch.
 *
 * <p>One thread iterates; {@link #close} may be called by any thread and ends the iteration.
 */
public final class Watch<T> implements Iterator<T>, AutoCloseable {
  /** The server sends a heartbeat every 15 seconds; the contract says that a minute is too long. */
  static final Duration SILENCE = Duration.ofMinutes(1);

  /**
   * One message of a watch.
   *
   * @param state null in a heartbeat
   */
  record Update<T>(@Nullable T state, long sequence) {}

  private final ResumingStream<Update<T>> stream;
  private final Predicate<T> isFinal;
  private final Function<T, @Nullable CairnException> failure;
  private long sequence;
  private boolean ended;
  private @Nullable T next;

  /**
   * @param opening a stream that begins after a sequence
   * @param isFinal whether no other state can follow
   * @param failure why a final state is none that a caller hopes for; null if it is
   */
  Watch(
      Calls calls,
      LongFunction<MessageStream<?, Update<T>>> opening,
      Predicate<T> isFinal,
      Function<T, @Nullable CairnException> failure) {
    this.stream = new ResumingStream<>(calls, () -> opening.apply(sequence), SILENCE);
    this.isFinal = isFinal;
    this.failure = failure;
  }

  /** Waits for the next state; false after the final one, and after {@link #close}. */
  @Override
  public boolean hasNext() {
    while (next == null && !ended && !stream.isClosed()) {
      Update<T> update = stream.read();
      if (update == null) {
        if (!stream.isClosed()) {
          stream.endedEarly();
        }
        continue;
      }
      T state = update.state();
      if (state != null && (update.sequence() != sequence || isFinal.test(state))) {
        sequence = update.sequence();
        next = state;
        ended = isFinal.test(state);
      }
    }
    return next != null;
  }

  @Override
  public T next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    T state = next;
    next = null;
    return state;
  }

  /**
   * Follows it to the end and closes the watch.
   *
   * @return the final state, whatever it is
   * @throws CairnException with code CANCELLED if the watch is closed before
   */
  public T await(Consumer<? super T> listener) {
    try (this) {
      T last = null;
      while (hasNext()) {
        last = next();
        listener.accept(last);
      }
      if (last == null || !ended) {
        throw CairnException.local(Status.Code.CANCELLED, "The watch was closed.", null);
      }
      return last;
    }
  }

  /**
   * Follows it to the end, closes the watch, and accepts only success.
   *
   * @return the final state: a READY backup that is not CORRUPT, or a COMPLETED restoration
   * @throws CairnException with the reason of the failure if it failed, with code CANCELLED if it
   *     was cancelled
   */
  public T awaitSuccess() {
    T last = await(state -> {});
    CairnException why = failure.apply(last);
    if (why != null) {
      throw why;
    }
    return last;
  }

  /** Ends the iteration; the job goes on. */
  @Override
  public void close() {
    stream.close();
  }
}
