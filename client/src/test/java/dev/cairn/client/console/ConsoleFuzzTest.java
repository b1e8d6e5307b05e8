package dev.cairn.client.console;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.api.SilentCloseable;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.client.CairnClient;
import dev.cairn.client.fake.FakeServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whatever a page sends is answered, and never with the console's own failure. */
class ConsoleFuzzTest {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final FakeServer SERVER =
      new FakeServer().with("shop", "orders", "o1", "{\"n\": 1.10}");
  private static final Console CONSOLE = start();
  private static final int PORT = CONSOLE.link().getPort();

  private static final List<String> POSTS =
      List.of(
          "sites",
          "sites/shop/delete",
          "sites/shop/collections",
          "sites/shop/collections/orders/delete",
          "sites/shop/backups",
          "sites/shop/backups/b1/cancel",
          "sites/shop/backups/b1/delete",
          "sites/shop/backups/b1/describe",
          "sites/shop/backups/b1/pin",
          "sites/shop/backups/b1/preview",
          "sites/shop/backups/b1/restore",
          "sites/shop/backups/b1/verify",
          "sites/shop/restorations/r1/cancel",
          "sites/shop/restorations/r1/undo",
          "sites/shop/schedule");

  private static Console start() {
    try {
      return Console.start(CairnClient.builder(SERVER.channel()).build(), "fuzz", 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Anything behind the prefix of the calls; what cannot stand in a request line is encoded. */
  @FuzzTest
  void anyAddressIsAnswered(@NotNull String path) {
    assertAnswered("GET /api/" + sendable(path), "");
    assertAnswered("POST /api/" + sendable(path), "{}");
  }

  @FuzzTest
  void anyBodyIsAnswered(int call, @NotNull String body) {
    assertAnswered("POST /api/" + POSTS.get(Math.floorMod(call, POSTS.size())), body);
  }

  @FuzzTest
  void anyHeadersAreAnswered(@NotNull String name, @NotNull String value) {
    String line = (name + ": " + value).replaceAll("[\\r\\n]", " ");
    int status =
        status(
            ("GET /api/about HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s\r\n\r\n")
                .formatted(PORT, line)
                .getBytes(ISO_8859_1));
    assertThat(status).as("without the key of the session").isBetween(400, 499);
  }

  private static String sendable(String path) {
    StringBuilder text = new StringBuilder();
    for (byte each : path.getBytes(UTF_8)) {
      char c = (char) (each & 0xff);
      boolean plain = c > ' ' && c < 0x7f && "\"<>\\^`{|}#".indexOf(c) < 0;
      text.append(plain ? String.valueOf(c) : "%%%02X".formatted((int) c));
    }
    return text.toString().replaceAll("%(?![0-9A-Fa-f]{2})", "%25");
  }

  private static void assertAnswered(String call, String body) {
    byte[] content = body.getBytes(UTF_8);
    byte[] head =
        (call
                + " HTTP/1.1\r\nHost: 127.0.0.1:"
                + PORT
                + "\r\nOrigin: http://127.0.0.1:"
                + PORT
                + "\r\nX-Cairn-Session: "
                + CONSOLE.link().getFragment().substring("key=".length())
                + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                + content.length
                + "\r\n\r\n")
            .getBytes(ISO_8859_1);
    byte[] all = Arrays.copyOf(head, head.length + content.length);
    System.arraycopy(content, 0, all, head.length, content.length);
    assertThat(status(all)).as(call).isBetween(200, 499);
  }

  /** To the fuzzer any other connection is a finding. */
  private static SilentCloseable toTheConsole() {
    return BugDetectors.allowNetworkConnections((host, port) -> port == PORT);
  }

  /** Of the answer; the rest of it is not waited for, as some answers go on for ever. */
  @SuppressWarnings("try") // what is allowed is only closed
  private static int status(byte[] request) {
    try (SilentCloseable allowed = toTheConsole();
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.getOutputStream().write(request);
      @Nullable String line =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1)).readLine();
      assertThat(line).as("an answer").isNotNull();
      return Integer.parseInt(line.split(" ", 3)[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
