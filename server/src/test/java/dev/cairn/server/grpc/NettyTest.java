package dev.cairn.server.grpc;

import static io.grpc.stub.ClientCalls.blockingUnaryCall;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.BackupServer;
import dev.cairn.server.ServerConfig;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SiteServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a real connection shows. */
class NettyTest {
  @TempDir Path data;
  private BackupServer server;
  private ManagedChannel channel;
  private final Conformance conformance = new Conformance();

  @BeforeEach
  void start() {
    server =
        BackupServer.start(
            ServerConfig.of(
                Map.of(
                    "data.directory", data.resolve("data").toString(),
                    "listen.port", "0",
                    "listen.port-file", data.resolve("port").toString(),
                    "disk.reserve", "1MiB",
                    "store.open-sites", "50",
                    "store.write-buffers", "128MiB")));
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .intercept(conformance)
            .build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
    assertThat(conformance.violations()).isEmpty();
  }

  @Test
  void writesThePortAndTheReserve() throws IOException {
    assertThat(Files.readString(data.resolve("port"))).isEqualTo(server.port() + "\n");
    assertThat(data.resolve("data/RESERVE")).hasSize(1 << 20);
  }

  @Test
  void serves() {
    SiteServiceGrpc.SiteServiceBlockingStub sites = SiteServiceGrpc.newBlockingStub(channel);
    sites.createSite(CreateSiteRequest.newBuilder().setSiteId("shop").build());

    assertThat(
            sites.getSite(GetSiteRequest.newBuilder().setSiteId("shop").build()).getSite().getId())
        .isEqualTo("shop");
  }

  @Test
  void isHealthyAlsoByService() {
    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
    for (String service : new String[] {"", "cairn.v1.ItemService", "cairn.v1.BackupService"}) {
      assertThat(
              health.check(HealthCheckRequest.newBuilder().setService(service).build()).getStatus())
          .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }
  }

  @Test
  void tellsWhatItServes() throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());

    assertThat(answer.get(10, TimeUnit.SECONDS).getListServicesResponse().getServiceList())
        .extracting(each -> each.getName())
        .contains(
            "cairn.v1.SiteService",
            "cairn.v1.CollectionService",
            "cairn.v1.ItemService",
            "cairn.v1.BackupService",
            "cairn.v1.RestorationService",
            "cairn.v1.BackupScheduleService",
            "cairn.v1.EventService",
            "grpc.health.v1.Health");
    requests.onCompleted();
  }

  @Test
  void unknownMethodsHaveDetails() {
    CallError error = CallError.of(() -> call("cairn.v1.SiteService/RenameSite", new byte[0]));

    assertThat(error.code()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(error.reason()).isEqualTo("NOT_IMPLEMENTED");
    assertThat(error.fact("feature")).isEqualTo("cairn.v1.SiteService/RenameSite");
    for (String method : new String[] {"grpc.health.v1.Health/Fold", "a/b", "cairn.v2.Any/Thing"}) {
      assertThat(CallError.of(() -> call(method, new byte[0])).reason())
          .isEqualTo("NOT_IMPLEMENTED");
    }
  }

  @Test
  void bytesThatAreNoMessageHaveDetails() {
    CallError garbage =
        CallError.of(() -> call("cairn.v1.SiteService/GetSite", new byte[] {1, 2, 3}));
    CallError badText =
        CallError.of(
            () -> call("cairn.v1.SiteService/GetSite", new byte[] {10, 2, (byte) 0xff, 'a'}));

    assertThat(garbage.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(garbage.reason()).isEqualTo("INVALID_ARGUMENT");
    assertThat(badText.reason()).isEqualTo("INVALID_ARGUMENT");
  }

  @Test
  void messagesThatAreTooLargeHaveDetails() {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder().setSiteId("shop").setCollectionId("c");
    for (int i = 0; i < 10; i++) {
      request.addEntries(
          BatchSaveItemsRequest.Entry.newBuilder()
              .setItem(
                  Item.newBuilder()
                      .setData(
                          ByteString.copyFromUtf8("{\"t\":\"" + "x".repeat(480_000) + "\"}"))));
    }

    ItemServiceGrpc.ItemServiceBlockingStub items = ItemServiceGrpc.newBlockingStub(channel);
    for (ItemServiceGrpc.ItemServiceBlockingStub each :
        List.of(items, items.withCompression("gzip"))) {
      CallError error = CallError.of(() -> each.batchSaveItems(request.build()));

      assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(error.reason()).isEqualTo("INVALID_ARGUMENT");
      assertThat(error.message()).contains("4194304");
    }
  }

  @Test
  void hugeMessagesAreCutOff() {
    StatusRuntimeException error =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            StatusRuntimeException.class,
            () -> rawCall("cairn.v1.SiteService/GetSite", new byte[64 << 20]));

    assertThat(error.getStatus().getCode())
        .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED, Status.Code.UNAVAILABLE);
  }

  /** The library answers by itself, before anything of the server's sees the call. */
  @Test
  void compressionThatNobodyKnowsIsRefusedByTheTransport() {
    channel.shutdownNow();
    CompressorRegistry unknown = CompressorRegistry.newEmptyInstance();
    unknown.register(
        new Compressor() {
          @Override
          public String getMessageEncoding() {
            return "unheard-of";
          }

          @Override
          public OutputStream compress(OutputStream to) {
            return to;
          }
        });
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .compressorRegistry(unknown)
            .build();

    StatusRuntimeException error =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                SiteServiceGrpc.newBlockingStub(channel)
                    .withCompression("unheard-of")
                    .getSite(GetSiteRequest.newBuilder().setSiteId("shop").build()));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  @Test
  void headersThatAreTooLargeAreRefused() {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(9_000));

    StatusRuntimeException error =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                rawChannel(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .getSite(GetSiteRequest.newBuilder().setSiteId("shop").build()));

    assertThat(error.getStatus().getCode()).isNotEqualTo(Status.Code.OK);
  }

  private SiteServiceGrpc.SiteServiceBlockingStub rawChannel(io.grpc.ClientInterceptor each) {
    return SiteServiceGrpc.newBlockingStub(
        io.grpc.ClientInterceptors.intercept(plainChannel(), each));
  }

  private ManagedChannel plainChannel() {
    channel.shutdownNow();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    return channel;
  }

  private byte[] call(String method, byte[] request) {
    return blockingUnaryCall(channel, bytes(method), CallOptions.DEFAULT, request);
  }

  private byte[] rawCall(String method, byte[] request) {
    return blockingUnaryCall(plainChannel(), bytes(method), CallOptions.DEFAULT, request);
  }

  private static MethodDescriptor<byte[], byte[]> bytes(String method) {
    MethodDescriptor.Marshaller<byte[]> marshaller =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
          }

          @Override
          public byte[] parse(InputStream stream) {
            try {
              return stream.readAllBytes();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        };
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(method)
        .setRequestMarshaller(marshaller)
        .setResponseMarshaller(marshaller)
        .build();
  }
}
