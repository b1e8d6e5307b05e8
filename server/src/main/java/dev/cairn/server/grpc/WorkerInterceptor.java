package dev.cairn.server.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/**
 * Moves each unary call from the event loop to a worker once its request is there. Streams move
 * their work themselves; what they do on the event loop returns at once.
 *
 * <p>A call that waited while its caller went away is not begun.
 */
final class WorkerInterceptor implements ServerInterceptor {
  private final Workers workers;

  WorkerInterceptor(Workers workers) {
    this.workers = workers;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    boolean unary = call.getMethodDescriptor().getType() == MethodType.UNARY;
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    return unary && !ErrorInterceptor.isForeign(call) ? new Hop<>(listener, call) : listener;
  }

  private final class Hop<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;

    Hop(ServerCall.Listener<Q> listener, ServerCall<Q, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onHalfClose() {
      workers.call(this::handle);
    }

    private void handle() {
      if (call.isCancelled()) {
        return;
      }
      try {
        super.onHalfClose();
      } catch (RuntimeException | Error e) {
        call.close(Status.UNKNOWN.withCause(e), new Metadata());
      }
    }
  }
}
