package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.BackupServer;
import dev.cairn.server.ServerConfig;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsTest {
  private static final int MAX = 5;

  @TempDir Path data;
  private final List<Socket> sockets = new ArrayList<>();
  private BackupServer server;

  @BeforeEach
  void start() {
    server =
        BackupServer.start(
            ServerConfig.of(
                Map.of(
                    "data.directory", data.toString(),
                    "listen.port", "0",
                    "limits.connections", String.valueOf(MAX),
                    "disk.reserve", "0",
                    "store.write-buffers", "128MiB")));
  }

  @AfterEach
  void stop() throws IOException {
    for (Socket each : sockets) {
      each.close();
    }
    server.close();
  }

  @Test
  void oneTooManyIsClosedAtOnceAndAPlaceThatIsFreeIsTakenAgain() throws Exception {
    for (int i = 0; i < MAX; i++) {
      assertThat(isOpen(connect())).isTrue();
    }
    assertThat(isOpen(connect())).isFalse();
    assertThat(isOpen(connect())).isFalse();

    sockets.get(0).close();

    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    try {
      TestServer.eventually(() -> answers(channel));
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }
    TestServer.eventually(this::takesOneMore);
  }

  private boolean takesOneMore() {
    try {
      return isOpen(connect());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean answers(ManagedChannel channel) {
    try {
      return HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(1, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus()
          == ServingStatus.SERVING;
    } catch (io.grpc.StatusRuntimeException e) {
      return false; // it was one too many
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(20_000);
    sockets.add(socket);
    return socket;
  }

  /**
   * A server of HTTP/2 speaks first once it has taken a connection. One that closes it resets it,
   * which the caller sees while it still writes or, at the latest, while it reads.
   */
  private static boolean isOpen(Socket socket) throws IOException {
    try {
      OutputStream out = socket.getOutputStream();
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}); // no settings
      return socket.getInputStream().read() != -1;
    } catch (SocketException reset) {
      return false;
    }
  }
}
