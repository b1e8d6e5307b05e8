package dev.cairn.client.console;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cairn.client.CairnClient;
import dev.cairn.client.CairnException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A page in the browser for people, on top of a {@link CairnClient}, for this machine only. Whoever
 * has its {@link #link} acts with the rights of the client; the package's tour says how it is kept
 * from others.
 *
 * <p>Thread-safe. Closing ends its streams and its server, not the client.
 */
public final class Console implements AutoCloseable {
  private static final int MAX_BODY_BYTES = 64 << 10;

  /** A stream keeps a thread; browsers open at most a few for each tab. */
  private static final int MAX_STREAMS = 24;

  private static final int THREADS = MAX_STREAMS + 8;
  private static final long BEAT_SECONDS = 5;
  private static final String API = "/api/";
  private static final String JSON = "application/json";

  /** Everything comes from this server as a file; nothing becomes markup or script. */
  private static final Map<String, String> SECURITY_HEADERS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src"
              + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
              + " require-trusted-types-for 'script'; trusted-types 'none'",
          "X-Content-Type-Options",
          "nosniff",
          "X-Frame-Options",
          "DENY",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Cross-Origin-Embedder-Policy",
          "require-corp",
          "Permissions-Policy",
          "camera=(), geolocation=(), microphone=()",
          "Cache-Control",
          "no-store");

  private final HttpServer http;
  private final ExecutorService workers;
  private final ScheduledExecutorService heart;
  private final Guard guard = Guard.withNewSecret();
  private final PageFiles files;
  private final Routes routes = new Routes();
  private final Set<Feed> feeds = ConcurrentHashMap.newKeySet();

  private Console(CairnClient cairn, String server, HttpServer http, PageFiles files) {
    this.http = http;
    this.files = files;
    this.workers = Executors.newFixedThreadPool(THREADS, daemons("console"));
    this.heart = Executors.newSingleThreadScheduledExecutor(daemons("console-heart"));
    byte[] about =
        JsonNodeFactory.instance
            .objectNode()
            .put("server", server)
            .toString()
            .getBytes(StandardCharsets.UTF_8);
    routes.getJson("about", request -> about);
    new ContentCalls(cairn).addTo(routes);
    new BackupCalls(cairn).addTo(routes);
    new RestorationCalls(cairn).addTo(routes);
    new ScheduleCalls(cairn).addTo(routes);
  }

  /**
   * Starts a console.
   *
   * @param server what the client is connected to, for people
   * @param port where to listen on loopback; 0 for any that is free
   */
  public static Console start(CairnClient cairn, String server, int port) throws IOException {
    PageFiles files = new PageFiles();
    InetAddress loopback = InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1});
    HttpServer http = HttpServer.create(new InetSocketAddress(loopback, port), 0);
    Console console = new Console(cairn, server, http, files);
    http.setExecutor(console.workers);
    http.createContext("/", console::handle);
    http.start();
    var unused =
        console.heart.scheduleWithFixedDelay(
            () -> console.feeds.forEach(Feed::beat), BEAT_SECONDS, BEAT_SECONDS, TimeUnit.SECONDS);
    return console;
  }

  /** Where the page is, with the secret of this session. */
  public URI link() {
    return URI.create(
        "http://127.0.0.1:" + http.getAddress().getPort() + "/#key=" + guard.secret());
  }

  @Override
  public void close() {
    feeds.forEach(Feed::end);
    http.stop(0);
    workers.shutdownNow();
    heart.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      SECURITY_HEADERS.forEach(exchange.getResponseHeaders()::set);
      try {
        String path = exchange.getRequestURI().getPath();
        if (path.startsWith(API)) {
          guard.checkCall(exchange.getRequestHeaders());
          call(exchange);
        } else {
          guard.checkFile(exchange.getRequestHeaders());
          file(exchange, path);
        }
      } catch (RefusedException e) {
        answer(exchange, e.status(), JSON, ErrorJson.of(e));
      } catch (CairnException e) {
        answer(exchange, ErrorJson.status(e), JSON, ErrorJson.of(e));
      }
    }
  }

  private void file(HttpExchange exchange, String path) throws IOException {
    if (!exchange.getRequestMethod().equals("GET")) {
      throw new RefusedException(405, "Not with this method.", "Open the page.");
    }
    PageFiles.PageFile file = files.at(path);
    if (file == null) {
      throw new RefusedException(404, "There is nothing here.", "Open the page: /");
    }
    answer(exchange, 200, file.type(), file.content().toByteArray());
  }

  private void call(HttpExchange exchange) throws IOException {
    List<String> parts =
        Stream.of(exchange.getRequestURI().getRawPath().substring(API.length()).split("/", -1))
            .map(Console::decoded)
            .toList();
    Routes.Found found = routes.find(exchange.getRequestMethod(), parts);
    Request request = new Request(found.path(), query(exchange), Request.body(body(exchange)));
    if (found.stream() != null) {
      stream(exchange, found.stream(), request);
    } else if (found.call() != null) {
      answer(exchange, 200, JSON, found.call().answer(request));
    }
  }

  private void stream(HttpExchange exchange, Routes.Stream stream, Request request)
      throws IOException {
    if (feeds.size() >= MAX_STREAMS) {
      throw new RefusedException(
          429, "Too many pages of this console are open.", "Close some of them.");
    }
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    Feed feed = new Feed(exchange.getResponseBody());
    feeds.add(feed);
    try {
      feed.beat();
      stream.run(request, feed);
    } catch (CairnException e) {
      feed.send("failure", ErrorJson.of(e));
    } finally {
      feeds.remove(feed);
      feed.end();
    }
  }

  private static byte[] body(HttpExchange exchange) throws IOException {
    if (!exchange.getRequestMethod().equals("POST")) {
      return new byte[0];
    }
    Headers headers = exchange.getRequestHeaders();
    if (!JSON.equals(headers.getFirst("Content-Type"))) {
      throw new RefusedException(415, "Only JSON is taken.", "Send " + JSON + ".");
    }
    try (InputStream in = exchange.getRequestBody()) {
      byte[] body = in.readNBytes(MAX_BODY_BYTES + 1);
      if (body.length > MAX_BODY_BYTES) {
        throw new RefusedException(413, "The request is too large.", "Send less.");
      }
      return body;
    }
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> parameters = new HashMap<>();
    String query = exchange.getRequestURI().getRawQuery();
    if (query != null) {
      for (String pair : query.split("&")) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          parameters.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1)));
        }
      }
    }
    return parameters;
  }

  private static String decoded(String text) {
    // A plus sign is a plus sign: the page encodes spaces as %20.
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(400, "The address is not well formed.", "Reload the page.");
    }
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] content)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, content.length);
      exchange.getResponseBody().write(content);
    }
  }

  private static ThreadFactory daemons(String name) {
    return work -> {
      Thread thread = new Thread(work, name);
      thread.setDaemon(true);
      return thread;
    };
  }
}
