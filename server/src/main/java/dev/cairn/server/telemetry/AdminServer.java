package dev.cairn.server.telemetry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators' tools read over HTTP: {@code /metrics}, {@code /health/live} and {@code
 * /health/ready}. Answers GET and HEAD, changes nothing, and names no site; it has no
 * authentication, so it belongs on loopback or on a network of the operators' own.
 *
 * <p>Thread-safe. A few threads and a short queue: what is too much is cut off, never the service.
 */
public final class AdminServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
  private static final int THREADS = 2;
  private static final int WAITING = 16;

  private final HttpServer server;
  private final ThreadPoolExecutor executor;

  private AdminServer(HttpServer server, ThreadPoolExecutor executor) {
    this.server = server;
    this.executor = executor;
  }

  /**
   * Begins to answer.
   *
   * @param version of the server, on the pages of its health
   * @param ready whether calls are served
   * @throws IOException when the address cannot be listened on
   */
  public static AdminServer start(
      InetSocketAddress address, Telemetry telemetry, String version, BooleanSupplier ready)
      throws IOException {
    HttpServer server = HttpServer.create(address, WAITING);
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(WAITING),
            new NamedThreads("admin"),
            new ThreadPoolExecutor.DiscardPolicy());
    server.setExecutor(executor);
    server.createContext("/", exchange -> answer(exchange, telemetry, version, ready));
    server.start();
    return new AdminServer(server, executor);
  }

  /** The port listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  private static void answer(
      HttpExchange exchange, Telemetry telemetry, String version, BooleanSupplier ready) {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!method.equals("GET") && !method.equals("HEAD")) {
        send(exchange, 405, "text/plain", bytes("only GET and HEAD\n"));
        return;
      }
      switch (exchange.getRequestURI().getPath()) {
        case "/metrics" -> {
          ByteArrayOutputStream text = new ByteArrayOutputStream();
          telemetry.write(text);
          send(exchange, 200, Telemetry.contentType(), text.toByteArray());
        }
        case "/health/live" -> send(exchange, 200, "text/plain", bytes("live " + version + "\n"));
        case "/health/ready" -> {
          boolean serving = ready.getAsBoolean();
          send(
              exchange,
              serving ? 200 : 503,
              "text/plain",
              bytes((serving ? "ready " : "not ready ") + version + "\n"));
        }
        default ->
            send(exchange, 404, "text/plain", bytes("/metrics /health/live /health/ready\n"));
      }
    } catch (IOException e) {
      log.debug("an answer to an operator's tool broke off", e);
    } catch (RuntimeException e) {
      log.warn("an operator's tool was not answered", e);
    }
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Takes no more requests. A second call does nothing. */
  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
