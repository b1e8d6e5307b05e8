package dev.cairn.client;

import com.google.errorprone.annotations.CheckReturnValue;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * How calls are made: with a deadline over all attempts, repeated as the contract allows, failures
 * as {@link CairnException}. Repeats are made here and not by a service config, because that
 * decides by code alone: it could tell neither OVERLOADED from DISK_FULL, nor wait as long as the
 * server asks.
 *
 * <p>Immutable and thread-safe.
 */
@CheckReturnValue
final class Calls {
  /** What may be done when it is unknown whether a call was carried out. */
  enum Repeat {
    /** Carrying it out twice is the same as once: reads, and what has a request id. */
    SAFE,
    /** It may be repeated only when the server said that it did nothing. */
    IF_NOT_BEGUN
  }

  private final ManagedChannel managed;
  private final Channel channel;
  private final Duration deadline;
  private final Duration longDeadline;
  private final RetryPolicy retryPolicy;

  Calls(
      ManagedChannel managed,
      Channel channel,
      Duration deadline,
      Duration longDeadline,
      RetryPolicy retryPolicy) {
    this.managed = managed;
    this.channel = channel;
    this.deadline = deadline;
    this.longDeadline = longDeadline;
    this.retryPolicy = retryPolicy;
  }

  /** The id if the caller gave one, otherwise a new one: with it, a creating call is SAFE. */
  static String requestId(String given) {
    return given.isEmpty() ? UUID.randomUUID().toString() : given;
  }

  <Q, R> R call(MethodDescriptor<Q, R> method, Q request, Repeat repeat) {
    return call(method, request, repeat, deadline);
  }

  /** For calls whose time grows with the content. */
  <Q, R> R longCall(MethodDescriptor<Q, R> method, Q request, Repeat repeat) {
    return call(method, request, repeat, longDeadline);
  }

  private <Q, R> R call(MethodDescriptor<Q, R> method, Q request, Repeat repeat, Duration time) {
    Deadline end = Deadline.after(time.toNanos(), TimeUnit.NANOSECONDS);
    CallOptions options = CallOptions.DEFAULT.withDeadline(end);
    Backoff backoff = new Backoff(retryPolicy);
    while (true) {
      try {
        return ClientCalls.blockingUnaryCall(channel, method, options, request);
      } catch (StatusRuntimeException e) {
        CairnException failure = CairnException.of(e);
        boolean repeatable = repeat == Repeat.SAFE ? failure.mayPass() : failure.notBegun();
        if (!repeatable || Thread.currentThread().isInterrupted()) {
          throw failure;
        }
        Optional<Duration> pause = backoff.afterFailure(failure);
        if (pause.isEmpty() || pause.get().toNanos() >= end.timeRemaining(TimeUnit.NANOSECONDS)) {
          throw failure;
        }
        reconnectNow();
        sleep(pause.get());
      }
    }
  }

  /** Opens a stream; without a deadline, as it may last as long as the job that it follows. */
  <Q, W, R> MessageStream<Q, R> open(MethodDescriptor<Q, W> method, Function<W, R> reading) {
    return MessageStream.open(channel, method, reading);
  }

  RetryPolicy retryPolicy() {
    return retryPolicy;
  }

  /**
   * Ends the channel's own pause between attempts to connect, which grows to two minutes; ours
   * decides. Called before the pause, so that the connection has the time of the pause to come up.
   */
  void reconnectNow() {
    managed.resetConnectBackoff();
  }

  private static void sleep(Duration pause) {
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException e) {
      throw CairnException.interrupted(e);
    }
  }
}
