package dev.cairn.server.grpc;

import io.grpc.Attributes;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Refuses calls that are too much when their headers come, on the event loop: before anybody reads
 * the request, looks at the token or writes a line for the audit log. A refusal has to cost next to
 * nothing beside a call, or a server that is busy enough does nothing but refuse: so it comes even
 * before the call is named, and only a name that the caller gave is told with it.
 *
 * <p>Only unary calls of the contract: streams have bounds of their own, and health is always
 * answered.
 */
final class Gate implements ServerInterceptor {
  /** How many unary calls a connection has open. */
  private static final Attributes.Key<AtomicInteger> OPEN = Attributes.Key.create("open calls");

  private final Workers workers;
  private final Workers scanWorkers;
  private final CallLog log;
  private final StatusMapper.Reply refusal;

  Gate(Workers workers, Workers scanWorkers, CallLog log) {
    this.workers = workers;
    this.scanWorkers = scanWorkers;
    this.log = log;
    this.refusal = StatusMapper.map(workers.tooMuch(), CallInfo.current());
  }

  /** Without it, every call passes for the only one of its connection. */
  static ServerTransportFilter counting() {
    return new ServerTransportFilter() {
      @Override
      public Attributes transportReady(Attributes attributes) {
        return attributes.toBuilder().set(OPEN, new AtomicInteger()).build();
      }
    };
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (call.getMethodDescriptor().getType() != MethodType.UNARY
        || ErrorInterceptor.isForeign(call)) {
      return next.startCall(call, headers);
    }
    @Nullable AtomicInteger counted = call.getAttributes().get(OPEN);
    AtomicInteger open = counted == null ? new AtomicInteger() : counted;
    boolean enters =
        WorkerInterceptor.isScan(call)
            ? !scanWorkers.isFull()
            : workers.hasRoom(/* alone= */ open.get() == 0);
    return enters ? entered(open, next.startCall(call, headers)) : refuse(call, headers);
  }

  private static <Q> ServerCall.Listener<Q> entered(
      AtomicInteger open, ServerCall.Listener<Q> listener) {
    open.incrementAndGet();
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onComplete() {
        open.decrementAndGet();
        super.onComplete();
      }

      @Override
      public void onCancel() {
        open.decrementAndGet();
        super.onCancel();
      }
    };
  }

  private <Q> ServerCall.Listener<Q> refuse(ServerCall<Q, ?> call, Metadata headers) {
    Metadata trailers = new Metadata();
    trailers.merge(refusal.trailers());
    log.refused(call, headers, refusal.status(), trailers);
    call.close(refusal.status(), trailers);
    return new ServerCall.Listener<>() {};
  }
}
