package dev.cairn.server.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;

/** A call that its caller leaves open: one request, and room for so many answers. Thread-safe. */
final class OpenCall {
  private final CompletableFuture<Throwable> end = new CompletableFuture<>();
  private final ClientCall<?, ?> call;

  private OpenCall(ClientCall<?, ?> call) {
    this.call = call;
  }

  static <Q, A> OpenCall of(
      Channel channel, MethodDescriptor<Q, A> method, Q request, int answers) {
    ClientCall<Q, A> call = channel.newCall(method, CallOptions.DEFAULT);
    OpenCall open = new OpenCall(call);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            open.end.complete(status.asRuntimeException(trailers));
          }
        },
        new Metadata());
    call.sendMessage(request);
    if (method.getType().clientSendsOneMessage()) {
      call.halfClose();
    }
    if (answers > 0) {
      call.request(answers);
    }
    return open;
  }

  boolean hasEnded() {
    return end.isDone();
  }

  /** What it ended with. */
  CallError error() {
    return CallError.of(end.join());
  }

  /** Sends no more. */
  void finish() {
    call.halfClose();
  }

  void cancel() {
    call.cancel("enough", null);
  }
}
