package dev.cairn.server.grpc;

import com.google.rpc.ErrorInfo;
import dev.cairn.server.auth.Caller;
import dev.cairn.server.telemetry.AuditLine;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Writes one line for each call that changes something, whatever came of it, and for each that is
 * refused: who, what, to which site, from where, with which outcome. Calls that only read are not
 * worth one.
 *
 * <p>It sees a call before {@link ErrorInterceptor}, so it knows the outcome as the caller does.
 */
final class AuditLog implements ServerInterceptor {
  private final boolean on;

  AuditLog(boolean on) {
    this.on = on;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!on) {
      return next.startCall(call, headers);
    }
    AuditedCall<Q, A> audited = new AuditedCall<>(call, CallInfo.current());
    return new SimpleForwardingServerCallListener<>(next.startCall(audited, headers)) {
      @Override
      public void onCancel() {
        audited.cancelled();
        super.onCancel();
      }
    };
  }

  private static final class AuditedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final CallInfo info;
    private final AtomicBoolean written = new AtomicBoolean();

    AuditedCall(ServerCall<Q, A> call, CallInfo info) {
      super(call);
      this.info = info;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      boolean refused =
          status.getCode() == Status.Code.UNAUTHENTICATED
              || status.getCode() == Status.Code.PERMISSION_DENIED;
      if ((refused || Rights.isChange(getMethodDescriptor()))
          && written.compareAndSet(false, true)) {
        write(status, StatusMapper.errorInfo(trailers));
      }
      super.close(status, trailers);
    }

    /**
     * A stream that its caller has left is closed by nobody, and may have changed something. A
     * unary call goes on to its end and is closed with what came of it, or was never begun.
     */
    void cancelled() {
      if (getMethodDescriptor().getType() != MethodDescriptor.MethodType.UNARY
          && Rights.isChange(getMethodDescriptor())
          && written.compareAndSet(false, true)) {
        write(Status.CANCELLED, Optional.empty());
      }
    }

    private void write(Status status, Optional<ErrorInfo> error) {
      AuditLine line =
          new AuditLine()
              .with("who", info.caller().map(Caller::name).orElse("-"))
              .with("what", info.method())
              .with("outcome", status.getCode().name())
              .with("reason", error.map(ErrorInfo::getReason).orElse(""));
      for (String key : new String[] {"problem", "permission"}) {
        line.with(key, error.map(each -> each.getMetadataOrDefault(key, "")).orElse(""));
      }
      info.names().forEach(line::with);
      line.with("from", peer()).with("request", info.id()).write();
    }

    private String peer() {
      @Nullable SocketAddress address = getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
      return address instanceof InetSocketAddress inet && inet.getAddress() != null
          ? inet.getAddress().getHostAddress()
          : "";
    }
  }
}
