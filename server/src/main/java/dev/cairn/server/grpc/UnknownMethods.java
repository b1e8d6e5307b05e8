package dev.cairn.server.grpc;

import com.google.protobuf.Empty;
import io.grpc.HandlerRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.protobuf.ProtoUtils;
import org.jspecify.annotations.Nullable;

/** Answers methods that do not exist, so that this error has details too. */
final class UnknownMethods extends HandlerRegistry {
  @Override
  public ServerMethodDefinition<?, ?> lookupMethod(String method, @Nullable String authority) {
    MethodDescriptor<Empty, Empty> descriptor =
        MethodDescriptor.<Empty, Empty>newBuilder()
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .setFullMethodName(method)
            .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .build();
    return ServerMethodDefinition.create(
        descriptor,
        (call, headers) -> {
          // Nobody adds details to the errors of services that are not Cairn's own.
          StatusMapper.Reply reply =
              StatusMapper.map(StatusMapper.notImplemented(method), CallInfo.current());
          call.close(reply.status(), reply.trailers());
          return new ServerCall.Listener<>() {};
        });
  }
}
