package dev.cairn.server.grpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/** A call that comes from nowhere, and remembers how it was ended. */
final class CallOfNobody<Q, A> extends ServerCall<Q, A> {
  private final MethodDescriptor<Q, A> method;
  private boolean begun;
  private @Nullable Status status;
  private Metadata trailers = new Metadata();

  CallOfNobody(MethodDescriptor<Q, A> method) {
    this.method = method;
  }

  /** A handler that takes the call and does nothing with it. */
  ServerCall.Listener<Q> begin() {
    begun = true;
    return new ServerCall.Listener<>() {};
  }

  boolean hasBegun() {
    return begun;
  }

  /** What it was closed with; null while it is open. */
  @Nullable Status status() {
    return status;
  }

  Metadata trailers() {
    return trailers;
  }

  @Override
  public void request(int messages) {}

  @Override
  public void sendHeaders(Metadata headers) {}

  @Override
  public void sendMessage(A message) {}

  @Override
  public void close(Status with, Metadata and) {
    status = with;
    trailers = and;
  }

  @Override
  public boolean isCancelled() {
    return false;
  }

  @Override
  public MethodDescriptor<Q, A> getMethodDescriptor() {
    return method;
  }
}
