package dev.cairn.client.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cairn.client.CairnClient;
import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupCollection;
import dev.cairn.v1.BackupStateChanged;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Event;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the console answers, byte by byte: clients of the JDK would not send what must be refused.
 */
class ConsoleTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SOCKET_TIMEOUT_MILLIS = 20_000;

  private final FakeServer server = new FakeServer().with("shop", "orders", "o1", "{\"n\": 1.10}");
  private final CairnClient cairn = CairnClient.builder(server.channel()).build();
  private Console console;
  private int port;
  private String key;

  @BeforeEach
  void start() throws IOException {
    console = Console.start(cairn, "cairn.example.com:7600", 0);
    port = console.link().getPort();
    key = console.link().getFragment().substring("key=".length());
  }

  @AfterEach
  void close() {
    console.close();
    cairn.close();
    server.close();
  }

  private record Answer(int status, Map<String, String> headers, String body) {
    JsonNode json() {
      try {
        return JSON.readTree(body);
      } catch (IOException e) {
        throw new UncheckedIOException(body, e);
      }
    }
  }

  /** The headers of the console's own page. */
  private Map<String, String> own() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Host", "127.0.0.1:" + port);
    headers.put("Origin", "http://127.0.0.1:" + port);
    headers.put("Sec-Fetch-Site", "same-origin");
    headers.put("X-Cairn-Session", key);
    headers.put("Content-Type", "application/json");
    return headers;
  }

  private Map<String, String> own(String name, String value) {
    Map<String, String> headers = own();
    headers.put(name, value);
    return headers;
  }

  private Map<String, String> ownWithout(String name) {
    Map<String, String> headers = own();
    headers.remove(name);
    return headers;
  }

  private Answer get(String path) {
    return send("GET", path, own(), "");
  }

  private Answer post(String path, String body) {
    return send("POST", path, own(), body);
  }

  private Answer send(String method, String path, Map<String, String> headers, String body) {
    List<String> lines = new ArrayList<>();
    lines.add(method + " " + path + " HTTP/1.1");
    headers.forEach((name, value) -> lines.add(name + ": " + value));
    lines.add("Connection: close");
    if (!body.isEmpty() || method.equals("POST")) {
      lines.add("Content-Length: " + body.getBytes(UTF_8).length);
    }
    return sendRaw(String.join("\r\n", lines) + "\r\n\r\n" + body);
  }

  private Answer sendRaw(String request) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
      socket.getOutputStream().write(request.getBytes(UTF_8));
      String text = new String(socket.getInputStream().readAllBytes(), UTF_8);
      String[] parts = text.split("\r\n\r\n", 2);
      String[] head = parts[0].split("\r\n");
      Map<String, String> headers = new LinkedHashMap<>();
      for (int i = 1; i < head.length; i++) {
        String[] header = head[i].split(": ", 2);
        headers.put(header[0].toLowerCase(java.util.Locale.ROOT), header[1]);
      }
      return new Answer(Integer.parseInt(head[0].split(" ")[1]), headers, parts[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // The page

  @ParameterizedTest
  @CsvSource({
    "/, text/html; charset=utf-8",
    "/console.css, text/css; charset=utf-8",
    "/app.js, text/javascript; charset=utf-8",
    "/icon.svg, image/svg+xml"
  })
  void servesThePageWithoutAKeyAndNothingElseMayRunInIt(String path, String type) {
    Answer page = send("GET", path, Map.of("Host", "localhost:" + port), "");

    assertThat(page.status()).isEqualTo(200);
    assertThat(page.body()).isNotEmpty().doesNotContain(key);
    assertThat(page.headers())
        .containsEntry("content-type", type)
        .containsEntry("x-content-type-options", "nosniff")
        .containsEntry("referrer-policy", "no-referrer")
        .containsEntry("cache-control", "no-store")
        .doesNotContainKey("access-control-allow-origin")
        .doesNotContainKey("set-cookie");
    assertThat(page.headers().get("content-security-policy"))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .contains("require-trusted-types-for 'script'")
        .doesNotContain("unsafe");
  }

  @Test
  void thePageHasNoInlineScriptOrStyleAndFetchesNothingFromElsewhere() {
    String page = send("GET", "/", Map.of("Host", "localhost"), "").body();

    assertThat(page)
        .doesNotContainPattern("<script(?![^>]*src=)")
        .doesNotContain("<style", "style=", "onclick=", "https://");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/package-info.class", "/../cli/CairnCli.class", "/%2e%2e/x", "//etc/passwd"})
  void servesNoOtherFile(String path) {
    assertThat(send("GET", path, Map.of("Host", "localhost"), "").status()).isEqualTo(404);
  }

  @Test
  void theLinkHasAKeyThatNobodyGuesses() throws IOException {
    try (Console other = Console.start(cairn, "", 0)) {
      assertThat(other.link().getFragment()).isNotEqualTo("key=" + key);
    }
    assertThat(key).matches("[A-Za-z0-9_-]{43}");
    assertThat(console.link().getHost()).isEqualTo("127.0.0.1");
  }

  // Who is refused

  @ParameterizedTest
  @CsvSource({
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "0.0.0.0",
    "127.0.0.1:80:80",
    "user@127.0.0.1",
    "''"
  })
  void refusesNamesThatAreNotThisMachines(String host) {
    for (String path : List.of("/", "/api/sites")) {
      Map<String, String> headers = own("Host", host);
      headers.put("Origin", "http://" + host);

      assertThat(send("GET", path, headers, "").status()).as(path).isEqualTo(421);
    }
  }

  @Test
  void refusesTwoHosts() {
    String request =
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";

    assertThat(sendRaw(request).status()).isEqualTo(421);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://evil.example",
        "https://127.0.0.1",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "null",
        ""
      })
  void refusesOtherOrigins(String origin) {
    assertThat(send("GET", "/api/sites", own("Origin", origin), "").status()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cross-site", "same-site", "none", "anything"})
  void refusesWhatTheBrowserSaysComesFromElsewhere(String site) {
    assertThat(send("GET", "/api/sites", own("Sec-Fetch-Site", site), "").status()).isEqualTo(403);
  }

  @Test
  void refusesCallsWithoutTheKey() {
    assertThat(send("GET", "/api/sites", ownWithout("X-Cairn-Session"), "").status())
        .isEqualTo(401);
    for (String wrong : List.of("x", key.substring(1), key + "x", "")) {
      Answer refused = send("GET", "/api/sites", own("X-Cairn-Session", wrong), "");
      assertThat(refused.status()).as(wrong).isEqualTo(401);
      assertThat(refused.json().at("/error/hint").asText()).contains("link");
    }
    assertThat(send("GET", "/api/sites?key=" + key, ownWithout("X-Cairn-Session"), "").status())
        .isEqualTo(401);
    assertThat(server.faults().received()).isEmpty();
  }

  @Test
  void takesCallsOfProgramsThatSayNothingOfTheirOrigin() {
    Map<String, String> headers = Map.of("Host", "localhost:9", "X-Cairn-Session", key);

    assertThat(send("GET", "/api/sites", headers, "").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"OPTIONS", "PUT", "DELETE", "PATCH", "HEAD"})
  void answersNoOtherMethods(String method) {
    for (String path : List.of("/", "/api/sites")) {
      Answer refused = send(method, path, own(), "");
      assertThat(refused.status()).as(path).isEqualTo(405);
      assertThat(refused.headers()).doesNotContainKey("access-control-allow-methods");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""})
  void takesOnlyJson(String type) {
    Answer refused = send("POST", "/api/sites/shop/backups", own("Content-Type", type), "{}");

    assertThat(refused.status()).isEqualTo(415);
    assertThat(cairn.backups().list("shop").toList()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "1",
        "null",
        "{\"description\": 1}",
        "{\"pinned\": \"yes\"}",
        "{\"labels\": [\"a\"]}",
        "{\"labels\": {\"a\": 1}}"
      })
  void refusesBodiesThatItDoesNotUnderstand(String body) {
    assertThat(post("/api/sites/shop/backups", body).status()).isEqualTo(400);
    assertThat(cairn.backups().list("shop").toList()).isEmpty();
  }

  @Test
  void refusesBodiesThatAreTooLarge() {
    String body = "{\"description\": \"" + "x".repeat(70_000) + "\"}";

    assertThat(post("/api/sites/shop/backups", body).status()).isEqualTo(413);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /api/, 404",
    "GET, /api/nothing, 404",
    "GET, /api/sites/shop/backups/x/delete, 405",
    "POST, /api/sites/shop/schedule/now, 404",
    "POST, /api/sites/shop/collections/orders/items, 405",
    "GET, /api/sites/%zz, 400"
  })
  void refusesPathsThatMeanNothing(String method, String path, int status) {
    // The JDK's server itself refuses addresses that are not well formed, without a word.
    assertThat(send(method, path, own(), "").status()).isEqualTo(status);
  }

  // What it answers

  @Test
  void showsSitesCollectionsAndItemsWithDocumentsAsText() {
    assertThat(get("/api/about").json().get("server").asText()).isEqualTo("cairn.example.com:7600");
    assertThat(get("/api/sites").json().at("/sites/0/id").asText()).isEqualTo("shop");
    assertThat(get("/api/sites/shop/collections").json().at("/collections/0/id").asText())
        .isEqualTo("orders");
    JsonNode item = get("/api/sites/shop/collections/orders/items").json().at("/items/0");
    assertThat(item.get("id").asText()).isEqualTo("o1");
    assertThat(item.get("excerpt").asText()).isEqualTo("{\"n\": 1.10}");
    assertThat(item.get("isWhole").asBoolean()).isTrue();
  }

  @Test
  void showsTheBeginningOfLongItemsAndAllWhenAsked() {
    String data = "{\"n\": \"" + "\uD83D\uDE00".repeat(300) + "\"}";
    server.with("shop", "orders", "a/b+c d", data);

    JsonNode first = get("/api/sites/shop/collections/orders/items").json().at("/items/0");
    assertThat(first.get("isWhole").asBoolean()).isFalse();
    assertThat(data).startsWith(first.get("excerpt").asText());
    assertThat(
            get("/api/sites/shop/collections/orders/items/a%2Fb+c%20d").json().get("text").asText())
        .isEqualTo(data);
  }

  @Test
  void makesPinsAndDeletesBackups() {
    String id =
        post("/api/sites/shop/backups", "{\"description\": \"d\", \"pinned\": true}")
            .json()
            .get("id")
            .asText();
    JsonNode listed = get("/api/sites/shop/backups").json();
    assertThat(listed.at("/backups/0/description").asText()).isEqualTo("d");
    assertThat(listed.at("/backups/0/pinned").asBoolean()).isTrue();

    post("/api/sites/shop/backups/" + id + "/pin", "{\"pinned\": false}");

    assertThat(cairn.backups().get("shop", id).getPinned()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "backups/b/delete, '{}'",
    "backups/b/delete, '{\"confirm\": \"Shop\"}'",
    "backups/b/restore, '{\"previewToken\": \"t\"}'",
    "restorations/r/undo, '{\"confirm\": \"\"}'",
    "delete, '{\"confirm\": \"Shop\"}'",
    "collections/orders/delete, '{\"confirm\": \"shop\"}'"
  })
  void destroysNothingUnlessItIsNamed(String path, String body) {
    Answer refused = post("/api/sites/shop/" + path, body);

    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.json().at("/error/hint").asText())
        .contains(path.startsWith("collections") ? "orders" : "shop");
    assertThat(server.faults().received()).isEmpty();
  }

  @Test
  void makesAndDeletesSitesAndCollections() {
    post("/api/sites", "{\"id\": \"new\", \"displayName\": \"A new one\"}");
    post("/api/sites/new/collections", "{\"id\": \"c\", \"displayName\": \"C\"}");

    assertThat(cairn.sites().get("new").getDisplayName()).isEqualTo("A new one");
    assertThat(cairn.collections().get("new", "c").getDisplayName()).isEqualTo("C");

    assertThat(post("/api/sites/new/collections/c/delete", "{\"confirm\": \"c\"}").status())
        .isEqualTo(200);
    assertThat(cairn.collections().list("new").toList()).isEmpty();
    assertThat(post("/api/sites/new/delete", "{\"confirm\": \"new\"}").status()).isEqualTo(200);
    assertThat(get("/api/sites/new").status()).isEqualTo(404);
  }

  @Test
  void describesABackup() {
    String id = cairn.backups().create("shop").getId();

    post(
        "/api/sites/shop/backups/" + id + "/describe",
        "{\"description\": \"d\", \"labels\": {\"release\": \"2\"}, \"etag\": \"e\"}");

    assertThat(sent("UpdateBackup"))
        .contains("paths: \"description\"", "paths: \"labels\"", "etag: \"e\"", "\"release\"");
  }

  @Test
  void restoresIntoOtherCollectionsAndIntoANewSiteWithoutAskingForAName() {
    post(
        "/api/sites/shop/backups/b/restore",
        "{\"previewToken\": \"t\", \"destinationSite\": \"copy\", \"collections\": [\"orders\", \"pages\"],"
            + " \"into\": {\"orders\": \"orders-then\"}}");

    assertThat(sent("RestorePartialBackup"))
        .contains("destination_site_id: \"copy\"", "collection_id: \"orders-then\"")
        .containsOnlyOnce("destination {");
  }

  @Test
  void showsPastEventsWithoutTheirListsOfCollections() {
    Backup backup =
        Backup.newBuilder()
            .setId("b")
            .addCollections(BackupCollection.newBuilder().setCollectionId("orders"))
            .build();
    server.addEvent(
        Event.newBuilder()
            .setSiteId("shop")
            .setBackupStateChanged(BackupStateChanged.newBuilder().setBackup(backup))
            .build());

    String first = firstEvent("/api/sites/shop/events?past=true");

    assertThat(sent("WatchEvents")).contains("EVENT_START_BEGINNING");
    assertThat(first).contains("backupStateChanged").doesNotContain("\"orders\"");
  }

  private String sent(String method) {
    return server.faults().received().stream()
        .filter(call -> call.method().contains(method))
        .map(call -> String.valueOf(call.message()))
        .reduce("", String::concat);
  }

  /** The first event of a stream that does not end. */
  private String firstEvent(String path) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
      String request =
          "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Cairn-Session: " + key + "\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(UTF_8));
      BufferedReader answer =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      for (String line = answer.readLine(); line != null; line = answer.readLine()) {
        if (line.startsWith("data: ")) {
          return line;
        }
      }
      throw new AssertionError("the stream ended");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void restoresOnlyWhatWasPreviewed() {
    Answer refused = post("/api/sites/shop/backups/b/restore", "{\"confirm\": \"shop\"}");

    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.json().at("/error/message").asText()).contains("no preview");
    assertThat(server.faults().received()).isEmpty();
  }

  @Test
  void streamsARestorationToItsEnd() {
    String backup = cairn.backups().create("shop").getId();
    cairn.backups().watch("shop", backup).awaitSuccess();
    String token =
        post("/api/sites/shop/backups/" + backup + "/preview", "{}")
            .json()
            .get("previewToken")
            .asText("t");
    String id =
        post(
                "/api/sites/shop/backups/" + backup + "/restore",
                "{\"confirm\": \"shop\", \"previewToken\": \""
                    + (token.isEmpty() ? "t" : token)
                    + "\"}")
            .json()
            .get("id")
            .asText();

    Answer stream = get("/api/sites/shop/restorations/" + id + "/watch");

    assertThat(stream.headers()).containsEntry("content-type", "text/event-stream");
    assertThat(stream.body().split("event: state")).hasSizeGreaterThan(2);
    assertThat(stream.body()).contains("RESTORATION_STATE_COMPLETED");
  }

  @Test
  void aStreamThatFailsSaysWhy() {
    server
        .faults()
        .fail("WatchBackup", Errors.notFound(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND, "b"));

    assertThat(get("/api/sites/shop/backups/b/watch").body())
        .contains("event: failure", "BACKUP_NOT_FOUND", "hint");
  }

  @Test
  void closingEndsItsStreams() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
      String request =
          "GET /api/sites/shop/events HTTP/1.1\r\nHost: localhost\r\nX-Cairn-Session: "
              + key
              + "\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(UTF_8));
      BufferedReader answer =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      assertThat(answer.readLine()).contains("200");

      console.close();

      String last = "";
      try {
        while (last != null) {
          last = answer.readLine();
        }
      } catch (java.net.SocketException e) {
        return; // ended all the same
      }
      assertThat(last).isNull();
    }
  }

  @Test
  void failuresOfTheServerKeepTheirReasonAndHint() {
    Answer missing = get("/api/sites/nowhere");

    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.json().at("/error/reason").asText()).isEqualTo("SITE_NOT_FOUND");
    assertThat(missing.json().at("/error/hint").asText()).isNotEmpty();
  }

  @Test
  void changesOfTheScheduleNameOnlyWhatWasSent() {
    post(
        "/api/sites/shop/schedule",
        "{\"intervalSeconds\": 3600, \"paused\": true, \"keepCount\": 9, \"etag\": \"e\"}");

    assertThat(server.faults().received())
        .anySatisfy(
            call -> {
              assertThat(call.method()).contains("UpdateBackupSchedule");
              assertThat(String.valueOf(call.message()))
                  .contains(
                      "paths: \"interval\"", "paths: \"paused\"", "paths: \"retention.count\"")
                  .doesNotContain("max_age", "paths: \"cron\"")
                  .contains("etag: \"e\"");
            });
  }
}
