package dev.cairn.server.grpc;

import dev.cairn.server.telemetry.Telemetry;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Counts calls by method and code, and how long they took. Methods that do not exist count as one,
 * so that nobody can make up names. Thread-safe.
 */
final class CallMetrics implements ServerInterceptor {
  private static final String UNKNOWN = "unknown";

  private final Telemetry.Tally ended;
  private final Telemetry.Timing timing;
  private final AtomicInteger open = new AtomicInteger();
  private final LongSupplier nanoTime;

  CallMetrics(Telemetry telemetry, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.ended =
        telemetry.tally(
            "cairn_calls_total",
            "Calls that have ended, by method and status code.",
            "method",
            "code");
    this.timing =
        telemetry.callTiming(
            "cairn_call_seconds",
            "From the headers of a unary call to its answer; streams, and calls that are refused for"
                + " want of room, are not in it.",
            "method");
    telemetry.gauge(
        "cairn_calls_in_flight", "Calls that are open now, streams included.", open::get);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    MeasuredCall<Q, A> measured = new MeasuredCall<>(call);
    return new SimpleForwardingServerCallListener<>(next.startCall(measured, headers)) {
      @Override
      public void onCancel() {
        measured.end(Status.Code.CANCELLED);
        super.onCancel();
      }
    };
  }

  private final class MeasuredCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final long begin = nanoTime.getAsLong();
    private final AtomicBoolean over = new AtomicBoolean();

    MeasuredCall(ServerCall<Q, A> call) {
      super(call);
      open.incrementAndGet();
    }

    @Override
    public void close(Status status, Metadata trailers) {
      end(status.getCode());
      super.close(status, trailers);
    }

    /** Whatever comes first, the answer or the caller's leaving. */
    void end(Status.Code code) {
      if (!over.compareAndSet(false, true)) {
        return;
      }
      open.decrementAndGet();
      boolean known = code != Status.Code.UNIMPLEMENTED;
      boolean carriedOut = known && code != Status.Code.RESOURCE_EXHAUSTED;
      String method = known ? getMethodDescriptor().getFullMethodName() : UNKNOWN;
      ended.add(method, code.name());
      if (carriedOut
          && getMethodDescriptor().getType().clientSendsOneMessage()
          && getMethodDescriptor().getType().serverSendsOneMessage()) {
        timing.took(Duration.ofNanos(nanoTime.getAsLong() - begin), method);
      }
    }
  }
}
