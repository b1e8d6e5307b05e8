package dev.cairn.server.grpc;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Serializes a message once that is sent to many callers one after the other: all who watch one job
 * get the same. Only the newest is remembered, and known by its identity. Thread-safe.
 */
final class SharedMessages<A> implements Marshaller<A> {
  private final Marshaller<A> generated;
  private volatile @Nullable Serialized<A> newest;

  private record Serialized<A>(A message, byte[] bytes) {}

  SharedMessages(Marshaller<A> generated) {
    this.generated = generated;
  }

  /** The service, with one method whose responses are such messages. */
  static ServerServiceDefinition in(
      ServerServiceDefinition service, MethodDescriptor<?, ?> method) {
    String name = method.getFullMethodName();
    return ServiceMethods.change(
        service,
        each -> each.getMethodDescriptor().getFullMethodName().equals(name) ? of(each) : each);
  }

  private static <Q, A> ServerMethodDefinition<Q, A> of(ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> generated = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        generated.toBuilder()
            .setResponseMarshaller(new SharedMessages<>(generated.getResponseMarshaller()))
            .build(),
        method.getServerCallHandler());
  }

  @Override
  public InputStream stream(A message) {
    Serialized<A> known = newest;
    if (known == null || known.message() != message) {
      known = new Serialized<>(message, serialized(message));
      newest = known;
    }
    return new MessageBytes(known.bytes(), known.bytes().length);
  }

  private byte[] serialized(A message) {
    try (InputStream stream = generated.stream(message)) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("writing into memory", e);
    }
  }

  @Override
  public A parse(InputStream stream) {
    return generated.parse(stream);
  }
}
