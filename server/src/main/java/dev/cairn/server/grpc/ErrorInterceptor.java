package dev.cairn.server.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets no error of Cairn's services leave without details, whoever made it: what a handler throws,
 * what it gives to {@code onError}, and what the framework closes a call with.
 */
final class ErrorInterceptor implements ServerInterceptor {
  /** Health, reflection and channelz keep to their own contracts. */
  static boolean isForeign(ServerCall<?, ?> call) {
    return String.valueOf(call.getMethodDescriptor().getServiceName()).startsWith("grpc.");
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (isForeign(call)) {
      return next.startCall(call, headers);
    }
    CallInfo info = CallInfo.current();
    DetailedCall<Q, A> detailed = new DetailedCall<>(call, info);
    try {
      return new Guard<>(next.startCall(detailed, headers), detailed, info);
    } catch (RuntimeException | Error e) {
      detailed.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  private static final class DetailedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final CallInfo info;
    private final AtomicBoolean closed = new AtomicBoolean();

    DetailedCall(ServerCall<Q, A> call, CallInfo info) {
      super(call);
      this.info = info;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (closed.compareAndSet(false, true)) {
        StatusMapper.Reply reply = StatusMapper.map(status, Optional.of(trailers), info);
        super.close(reply.status(), reply.trailers());
      }
    }

    void fail(Throwable thrown) {
      StatusMapper.Reply reply = StatusMapper.map(thrown, info);
      if (closed.compareAndSet(false, true)) {
        super.close(reply.status(), reply.trailers());
      }
    }
  }

  private static final class Guard<Q> extends SimpleForwardingServerCallListener<Q> {
    private final DetailedCall<Q, ?> call;
    private final CallInfo info;

    Guard(ServerCall.Listener<Q> listener, DetailedCall<Q, ?> call, CallInfo info) {
      super(listener);
      this.call = call;
      this.info = info;
    }

    /** Tells the handler, unless the call has ended with an error already. */
    private void deliver(Runnable event) {
      if (!call.closed.get()) {
        run(event);
      }
    }

    private void run(Runnable event) {
      try {
        event.run();
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }

    @Override
    public void onMessage(Q message) {
      info.learn(message);
      deliver(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      deliver(super::onHalfClose);
    }

    @Override
    public void onCancel() {
      run(super::onCancel);
    }

    @Override
    public void onComplete() {
      run(super::onComplete);
    }

    @Override
    public void onReady() {
      deliver(super::onReady);
    }
  }
}
