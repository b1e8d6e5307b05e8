package dev.cairn.server.grpc;

import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Notices every error of Cairn's services that comes without the details the contract promises. */
final class Conformance implements ClientInterceptor {
  private final List<String> violations = new CopyOnWriteArrayList<>();

  List<String> violations() {
    return violations;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      private volatile boolean endedHere;

      @Override
      public void cancel(String message, Throwable cause) {
        endedHere = true;
        super.cancel(message, cause);
      }

      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                if (!status.isOk() && !endedHere && !endedByClient(status)) {
                  check(method.getFullMethodName(), status, trailers);
                }
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  /** The caller's own deadline or channel. */
  private static boolean endedByClient(Status status) {
    String description = String.valueOf(status.getDescription());
    return status.getCode() == Status.Code.DEADLINE_EXCEEDED
        || description.contains("Context was cancelled")
        || description.contains("shutdownNow");
  }

  private void check(String method, Status status, Metadata trailers) {
    if (method.startsWith("grpc.")) {
      return;
    }
    Optional<ErrorInfo> info = StatusMapper.errorInfo(trailers);
    boolean right =
        info.isPresent()
            && info.get().getDomain().equals("cairn.dev")
            && !info.get().getReason().isEmpty();
    if (!right) {
      violations.add(method + ": " + status);
    }
  }
}
