package dev.cairn.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers of a server stream over as many connections as it takes. Its owner knows the position and
 * opens the next stream from there; this class knows when to, and how long to wait before.
 *
 * <p>One thread reads; {@link #close} may be called by any and wakes the reader.
 */
final class ResumingStream<R> implements AutoCloseable {
  private final Calls calls;
  private final Supplier<MessageStream<?, R>> opening;
  private final Duration patience;
  private final Backoff backoff;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable MessageStream<?, R> stream;
  private int resumptions;
  private boolean heard;

  /**
   * @param opening opens a stream that goes on after what was read so far
   * @param patience how long a live stream is silent at most
   */
  ResumingStream(Calls calls, Supplier<MessageStream<?, R>> opening, Duration patience) {
    this.calls = calls;
    this.opening = opening;
    this.patience = patience;
    this.backoff = new Backoff(calls.retryPolicy());
  }

  /**
   * The next message; null if the server ended the stream with OK or it was closed.
   *
   * @throws CairnException if it broke in a way that opening it again does not mend, or for too
   *     long
   */
  @Nullable R read() {
    while (!isClosed()) {
      try {
        MessageStream<?, R> open = current();
        R message = open.read(patience);
        if (message != null) {
          backoff.worked();
          heard = true;
        }
        return message;
      } catch (CairnException e) {
        recover(e);
      }
    }
    return null;
  }

  /** The stream ended with OK although more must come: it counts as broken. */
  void endedEarly() {
    recover(
        CairnException.local(
            Status.Code.UNAVAILABLE, "The server ended the stream before its last message.", null));
  }

  /** How often the stream was opened again. */
  int resumptions() {
    return resumptions;
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  private MessageStream<?, R> current() {
    MessageStream<?, R> open = stream;
    if (open == null) {
      heard = false;
      open = opening.get();
      stream = open;
      if (isClosed()) {
        // close() may have come before there was anything to end.
        open.close();
      }
    }
    return open;
  }

  private void recover(CairnException failure) {
    drop();
    if (isClosed()) {
      return;
    }
    // A token that opens no stream is not tried again: whoever renews it does so in time.
    boolean resumable = failure.brokeStream() || (heard && failure.tokenLapsed());
    if (!resumable || Thread.currentThread().isInterrupted()) {
      throw failure;
    }
    Optional<Duration> pause = backoff.afterFailure(failure);
    if (pause.isEmpty()) {
      throw failure;
    }
    calls.reconnectNow();
    resumptions++;
    try {
      if (closed.await(pause.get().toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      throw CairnException.interrupted(e);
    }
  }

  private void drop() {
    MessageStream<?, R> open = stream;
    stream = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    drop();
  }
}
