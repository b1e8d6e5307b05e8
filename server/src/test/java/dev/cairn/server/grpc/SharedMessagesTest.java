package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.WatchBackupResponse;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SharedMessagesTest {
  private final AtomicInteger serialized = new AtomicInteger();
  private final Marshaller<WatchBackupResponse> generated =
      BackupServiceGrpc.getWatchBackupMethod().getResponseMarshaller();
  private final SharedMessages<WatchBackupResponse> shared =
      new SharedMessages<>(
          new Marshaller<>() {
            @Override
            public InputStream stream(WatchBackupResponse message) {
              serialized.incrementAndGet();
              return generated.stream(message);
            }

            @Override
            public WatchBackupResponse parse(InputStream stream) {
              return generated.parse(stream);
            }
          });

  @Test
  void aMessageToManyIsSerializedOnce() throws IOException {
    WatchBackupResponse message = message(7);

    for (int i = 0; i < 100; i++) {
      assertThat(drained(shared.stream(message))).isEqualTo(message.toByteArray());
    }

    assertThat(serialized).hasValue(1);
  }

  @Test
  void anotherMessageIsAnother() throws IOException {
    for (int i = 1; i <= 3; i++) {
      WatchBackupResponse message = message(i);
      assertThat(shared.stream(message).readAllBytes()).isEqualTo(message.toByteArray());
    }
    assertThat(shared.stream(WatchBackupResponse.getDefaultInstance()).readAllBytes()).isEmpty();

    assertThat(serialized).hasValue(4);
  }

  @Test
  void streamsOfOneMessageAreReadIndependently() throws IOException {
    WatchBackupResponse message = message(7);
    InputStream first = shared.stream(message);
    InputStream second = shared.stream(message);

    assertThat(first.read()).isEqualTo(message.toByteArray()[0]);

    assertThat(first).isInstanceOf(KnownLength.class);
    assertThat(first.available()).isEqualTo(message.getSerializedSize() - 1);
    assertThat(drained(first)).hasSize(message.getSerializedSize() - 1);
    assertThat(first.available()).isZero();
    assertThat(drained(second)).isEqualTo(message.toByteArray());
  }

  @Test
  void callersWithDifferentMessagesGetTheirOwn() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(4);
    try {
      for (Future<?> each :
          IntStream.range(0, 4)
              .mapToObj(number -> callers.submit(() -> sendsItsOwn(message(number))))
              .toList()) {
        each.get();
      }
    } finally {
      callers.shutdownNow();
    }
  }

  private void sendsItsOwn(WatchBackupResponse message) {
    for (int i = 0; i < 10_000; i++) {
      assertThat(shared.parse(shared.stream(message))).isEqualTo(message);
    }
  }

  @Test
  void parsesAsBefore() {
    assertThat(shared.parse(new ByteArrayInputStream(message(7).toByteArray())))
        .isEqualTo(message(7));
  }

  @Test
  void changesTheOneMethodOfAService() {
    ServerServiceDefinition service =
        new BackupServiceGrpc.BackupServiceImplBase() {}.bindService();
    MethodDescriptor<?, ?> watch = BackupServiceGrpc.getWatchBackupMethod();

    ServerServiceDefinition changed = SharedMessages.in(service, watch);

    assertThat(changed.getServiceDescriptor().getName())
        .isEqualTo(service.getServiceDescriptor().getName());
    assertThat(changed.getMethods()).hasSameSizeAs(service.getMethods());
    for (ServerMethodDefinition<?, ?> method : changed.getMethods()) {
      String name = method.getMethodDescriptor().getFullMethodName();
      assertThat(method.getMethodDescriptor().getResponseMarshaller() instanceof SharedMessages)
          .as(name)
          .isEqualTo(name.equals(watch.getFullMethodName()));
    }
  }

  private static WatchBackupResponse message(long sequence) {
    return WatchBackupResponse.newBuilder().setSequence(sequence).setHeartbeat(true).build();
  }

  private static byte[] drained(InputStream stream) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int length = ((Drainable) stream).drainTo(bytes);
    assertThat(length).isEqualTo(bytes.size());
    return bytes.toByteArray();
  }
}
