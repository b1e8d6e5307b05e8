package dev.cairn.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One streaming call as something that a thread waits for. Flow control is kept in both directions:
 * only {@link #PREFETCH} answers are asked for beyond those taken, and {@link #isReady} says
 * whether a message can be sent without piling up.
 *
 * <p>One thread sends, reads and waits. {@link #close} may be called by any.
 */
final class MessageStream<Q, R> implements AutoCloseable {
  private static final int PREFETCH = 2;
  // The listener only puts messages into a queue: no reason to change threads for it.
  private static final Executor DIRECT = Runnable::run;

  private final ClientCall<Q, ?> call;
  private final Object lock = new Object();
  private final Queue<R> received = new ArrayDeque<>();
  private @Nullable Status end;
  private @Nullable Metadata trailers;
  private boolean sent;

  private MessageStream(ClientCall<Q, ?> call) {
    this.call = call;
  }

  static <Q, W, R> MessageStream<Q, R> open(
      Channel channel, MethodDescriptor<Q, W> method, Function<W, R> reading) {
    ClientCall<Q, W> call = channel.newCall(method, CallOptions.DEFAULT.withExecutor(DIRECT));
    MessageStream<Q, R> stream = new MessageStream<>(call);
    call.start(stream.listener(reading), new Metadata());
    call.request(PREFETCH);
    return stream;
  }

  private <W> ClientCall.Listener<W> listener(Function<W, R> reading) {
    return new ClientCall.Listener<>() {
      @Override
      public void onMessage(W message) {
        R read = reading.apply(message);
        synchronized (lock) {
          received.add(read);
          lock.notifyAll();
        }
      }

      @Override
      public void onReady() {
        synchronized (lock) {
          lock.notifyAll();
        }
      }

      @Override
      public void onClose(Status status, Metadata metadata) {
        synchronized (lock) {
          end = status;
          trailers = metadata;
          lock.notifyAll();
        }
      }
    };
  }

  /** Sends without waiting; look at {@link #isReady} before. After the end it does nothing. */
  void send(Q message) {
    if (!hasEnded()) {
      call.sendMessage(message);
    }
  }

  /** Says that nothing more will be sent. */
  void finishSending() {
    if (!sent && !hasEnded()) {
      sent = true;
      call.halfClose();
    }
  }

  boolean isReady() {
    return call.isReady();
  }

  private boolean hasEnded() {
    synchronized (lock) {
      return end != null;
    }
  }

  /**
   * The next message if it is there already, otherwise null: then {@link #isComplete} tells whether
   * one may still come.
   *
   * @throws CairnException if the stream ended with an error, after the last message
   */
  @Nullable R poll() {
    R message;
    synchronized (lock) {
      message = received.poll();
      if (message == null) {
        if (end != null && !end.isOk()) {
          throw CairnException.of(new StatusRuntimeException(end, trailers));
        }
        return null;
      }
    }
    call.request(1);
    return message;
  }

  /**
   * Waits for the next message.
   *
   * @return null if the stream ended with OK
   * @throws CairnException if it ended with an error, or nothing came for {@code patience}, as
   *     UNAVAILABLE
   */
  @Nullable R read(Duration patience) {
    while (true) {
      R message = poll();
      if (message != null) {
        return message;
      }
      if (isComplete()) {
        return null;
      }
      if (!await(patience, false)) {
        throw CairnException.local(
            Status.Code.UNAVAILABLE,
            "Nothing came from the server for " + patience.toSeconds() + " s.",
            null);
      }
    }
  }

  /** Whether it ended with OK and every message was taken. */
  boolean isComplete() {
    synchronized (lock) {
      return end != null && end.isOk() && received.isEmpty();
    }
  }

  /**
   * Waits until there is a message or the stream has ended or, if asked, it can be sent to.
   *
   * @return false if none of that came for {@code patience}
   */
  boolean await(Duration patience, boolean orReady) {
    long end = System.nanoTime() + patience.toNanos();
    synchronized (lock) {
      while (received.isEmpty() && this.end == null && !(orReady && call.isReady())) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        try {
          lock.wait(left / 1_000_000, (int) (left % 1_000_000));
        } catch (InterruptedException e) {
          throw CairnException.interrupted(e);
        }
      }
      return true;
    }
  }

  /** Ends the call; whoever reads gets CANCELLED. Has no effect once it has ended. */
  @Override
  public void close() {
    call.cancel("closed by the client", null);
  }
}
