package dev.cairn.server.grpc;

import com.google.protobuf.MessageLite;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.ServiceException;
import io.grpc.Attributes;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets a service see requests only if they can be read and are not too large. gRPC parses outside
 * of the interceptors and answers what it cannot read without details; here a request that cannot
 * be read travels through them as such, and becomes an error like any other.
 */
final class CheckedRequests {
  private final int maxBytes;

  /**
   * @param maxBytes of one message; the transport has to let somewhat larger ones pass
   */
  CheckedRequests(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** A request, or why there is none. */
  record Request<Q>(@Nullable Q message, @Nullable ServiceException problem) {}

  ServerServiceDefinition of(ServerServiceDefinition service) {
    return ServiceMethods.change(service, this::of);
  }

  private <Q, A> ServerMethodDefinition<Request<Q>, A> of(ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> inner = method.getMethodDescriptor();
    MethodDescriptor<Request<Q>, A> outer =
        inner.toBuilder(new RequestMarshaller<>(inner), inner.getResponseMarshaller()).build();
    ServerCallHandler<Q, A> handler = method.getServerCallHandler();
    return ServerMethodDefinition.create(
        outer,
        (call, headers) ->
            new Unwrapped<>(handler.startCall(new InnerCall<>(call, inner), headers)));
  }

  private final class RequestMarshaller<Q> implements Marshaller<Request<Q>> {
    private final MethodDescriptor<Q, ?> method;

    RequestMarshaller(MethodDescriptor<Q, ?> method) {
      this.method = method;
    }

    @Override
    public Request<Q> parse(InputStream stream) {
      try {
        if (stream instanceof KnownLength && stream.available() > maxBytes) {
          return tooLarge(stream.available());
        }
        Q message = method.parseRequest(stream);
        boolean compressed = !(stream instanceof KnownLength);
        return compressed
                && message instanceof MessageLite large
                && large.getSerializedSize() > maxBytes
            ? tooLarge(large.getSerializedSize())
            : new Request<>(message, null);
      } catch (StatusRuntimeException e) {
        return refused("is no valid " + method.getFullMethodName() + " request");
      } catch (IOException e) {
        throw new UncheckedIOException("reading from memory", e);
      }
    }

    private Request<Q> tooLarge(int size) {
      return refused("has " + size + " bytes; at most " + maxBytes + " are allowed");
    }

    private Request<Q> refused(String why) {
      return new Request<>(
          null, ServiceException.invalid(List.of(new FieldViolation("request", why))));
    }

    @Override
    public InputStream stream(Request<Q> request) {
      throw new UnsupportedOperationException("requests are only received");
    }
  }

  private static final class Unwrapped<Q> extends ServerCall.Listener<Request<Q>> {
    private final ServerCall.Listener<Q> inner;

    Unwrapped(ServerCall.Listener<Q> inner) {
      this.inner = inner;
    }

    @Override
    public void onMessage(Request<Q> request) {
      if (request.problem() != null) {
        throw request.problem();
      }
      if (request.message() != null) {
        inner.onMessage(request.message());
      }
    }

    @Override
    public void onHalfClose() {
      inner.onHalfClose();
    }

    @Override
    public void onCancel() {
      inner.onCancel();
    }

    @Override
    public void onComplete() {
      inner.onComplete();
    }

    @Override
    public void onReady() {
      inner.onReady();
    }
  }

  /** The same call with the type that the service knows. */
  private static final class InnerCall<Q, A> extends ServerCall<Q, A> {
    private final ServerCall<Request<Q>, A> outer;
    private final MethodDescriptor<Q, A> method;

    InnerCall(ServerCall<Request<Q>, A> outer, MethodDescriptor<Q, A> method) {
      this.outer = outer;
      this.method = method;
    }

    @Override
    public void request(int count) {
      outer.request(count);
    }

    @Override
    public void sendHeaders(Metadata headers) {
      outer.sendHeaders(headers);
    }

    @Override
    public void sendMessage(A message) {
      outer.sendMessage(message);
    }

    @Override
    public boolean isReady() {
      return outer.isReady();
    }

    @Override
    public void close(Status status, Metadata trailers) {
      outer.close(status, trailers);
    }

    @Override
    public boolean isCancelled() {
      return outer.isCancelled();
    }

    @Override
    public void setMessageCompression(boolean enabled) {
      outer.setMessageCompression(enabled);
    }

    @Override
    public void setCompression(String compressor) {
      outer.setCompression(compressor);
    }

    @Override
    public void setOnReadyThreshold(int bytes) {
      outer.setOnReadyThreshold(bytes);
    }

    @Override
    public SecurityLevel getSecurityLevel() {
      return outer.getSecurityLevel();
    }

    @Override
    public Attributes getAttributes() {
      return outer.getAttributes();
    }

    @Override
    public @Nullable String getAuthority() {
      return outer.getAuthority();
    }

    @Override
    public MethodDescriptor<Q, A> getMethodDescriptor() {
      return method;
    }
  }
}
