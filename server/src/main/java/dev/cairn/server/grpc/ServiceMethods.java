package dev.cairn.server.grpc;

import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.function.UnaryOperator;

/** Services that are what was generated but for the types of some messages. */
final class ServiceMethods {
  private ServiceMethods() {}

  /** The service with each of its methods as {@code change} makes it; names have to stay. */
  static ServerServiceDefinition change(
      ServerServiceDefinition service, UnaryOperator<ServerMethodDefinition<?, ?>> change) {
    List<ServerMethodDefinition<?, ?>> methods =
        service.getMethods().stream().<ServerMethodDefinition<?, ?>>map(change).toList();
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(each -> descriptor.addMethod(each.getMethodDescriptor()));
    ServerServiceDefinition.Builder changed = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(changed::addMethod);
    return changed.build();
  }
}
