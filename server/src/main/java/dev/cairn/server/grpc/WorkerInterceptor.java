package dev.cairn.server.grpc;

import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.RestorationServiceGrpc;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Set;

/**
 * Moves each unary call from the event loop to a worker once its request is there. Streams move
 * their work themselves; what they do on the event loop returns at once.
 *
 * <p>Calls that may go through many items have workers of their own, fewer of them: however many of
 * those come, a call that looks at one item never waits for them.
 *
 * <p>A call that waited while its caller went away is not begun.
 */
final class WorkerInterceptor implements ServerInterceptor {
  /** What they cost grows with what a site holds. */
  private static final Set<String> SCANS =
      Set.of(
          ItemServiceGrpc.getQueryItemsMethod().getFullMethodName(),
          ItemServiceGrpc.getCountItemsMethod().getFullMethodName(),
          ItemServiceGrpc.getPublishSandboxMethod().getFullMethodName(),
          RestorationServiceGrpc.getPreviewRestorationMethod().getFullMethodName());

  private final Workers workers;
  private final Workers scanWorkers;

  WorkerInterceptor(Workers workers, Workers scanWorkers) {
    this.workers = workers;
    this.scanWorkers = scanWorkers;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    boolean unary = call.getMethodDescriptor().getType() == MethodType.UNARY;
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    return unary && !ErrorInterceptor.isForeign(call) ? new Hop<>(listener, call) : listener;
  }

  static boolean isScan(ServerCall<?, ?> call) {
    return SCANS.contains(call.getMethodDescriptor().getFullMethodName());
  }

  private final class Hop<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;

    Hop(ServerCall.Listener<Q> listener, ServerCall<Q, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onHalfClose() {
      if (isScan(call)) {
        scanWorkers.call(this::handle); // each takes long, so waiting long says nothing
      } else {
        workers.callInTime(this::handle, this::fail);
      }
    }

    private void fail(Throwable thrown) {
      call.close(Status.UNKNOWN.withCause(thrown), new Metadata());
    }

    private void handle() {
      if (call.isCancelled()) {
        return;
      }
      try {
        super.onHalfClose();
      } catch (RuntimeException | Error e) {
        fail(e);
      }
    }
  }
}
