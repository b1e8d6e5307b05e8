package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.VerificationState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What operators' tools read of a server that has done a little of everything. */
@Timeout(120)
class MetricsTest {
  /** Where the module is, whatever directory the tests run in. */
  private static final Path MODULE =
      Files.isDirectory(Path.of("src/main/dist")) ? Path.of("") : Path.of("server");

  private static final Path DASHBOARD =
      MODULE.resolve("src/main/dist/monitoring/grafana-dashboard.json");
  private static final Path ALERTS = MODULE.resolve("src/main/dist/monitoring/alerts.yml");
  private static final Path TABLE = MODULE.resolve("METRICS.md");

  private static final Pattern NAME = Pattern.compile("\\b(?:cairn|jvm|process)_[a-z0-9_]+\\b");
  private static final Pattern HISTOGRAM_PART = Pattern.compile("_(bucket|sum|count)$");

  @TempDir static Path directory;
  private static BackupServer server;
  private static ManagedChannel channel;

  @BeforeAll
  static void doALittleOfEverything() throws Exception {
    server =
        BackupServer.start(
            ServerConfig.of(
                Map.of(
                    "data.directory", directory.resolve("data").toString(),
                    "listen.port", "0",
                    "admin.port", "0",
                    "disk.reserve", "0")));
    channel =
        Grpc.newChannelBuilder("127.0.0.1:" + server.port(), InsecureChannelCredentials.create())
            .build();
    SiteServiceGrpc.newBlockingStub(channel)
        .createSite(CreateSiteRequest.newBuilder().setSiteId("shop").build());
    var backups = BackupServiceGrpc.newBlockingStub(channel);
    Backup backup =
        backups
            .createBackup(CreateBackupRequest.newBuilder().setSiteId("shop").build())
            .getBackup();
    GetBackupRequest get =
        GetBackupRequest.newBuilder().setSiteId("shop").setBackupId(backup.getId()).build();
    await(
        () ->
            backups.getBackup(get).getBackup().getVerification().getState()
                == VerificationState.VERIFICATION_STATE_VERIFIED);
    var restored =
        RestorationServiceGrpc.newBlockingStub(channel)
            .restoreBackup(
                RestoreBackupRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(backup.getId())
                    .build());
    assertThat(restored.getRestoration().getSiteId()).isEqualTo("shop");
    try {
      SiteServiceGrpc.newBlockingStub(channel)
          .getSite(GetSiteRequest.newBuilder().setSiteId("nobody").build());
    } catch (StatusRuntimeException expected) {
      assertThat(expected.getStatus().getCode().name()).isEqualTo("NOT_FOUND");
    }
    await(
        () ->
            metrics().contains("cairn_restorations_ended_total{kind=\"full\"")
                && metrics().contains("cairn_verifications_total{result=\"verified\"}"));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
      Thread.sleep(20);
    }
  }

  @AfterAll
  static void stop() {
    if (channel != null) {
      channel.shutdownNow();
    }
    if (server != null) {
      server.close();
    }
  }

  private static HttpResponse<String> get(String path) {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + server.adminPort().getAsInt() + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String metrics() {
    HttpResponse<String> answer = get("/metrics");
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }

  /** Each metric's kind by its name as it is written in queries. */
  private static Map<String, String> shown() {
    Map<String, String> kinds = new TreeMap<>();
    metrics()
        .lines()
        .filter(line -> line.startsWith("# TYPE "))
        .map(line -> line.split(" "))
        .forEach(parts -> kinds.put(parts[2], parts[3]));
    return kinds;
  }

  private static double value(String series) {
    return metrics()
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .findFirst()
        .map(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .orElseThrow(() -> new AssertionError("not shown: " + series + "\n" + metrics()));
  }

  @Test
  void countsCallsByMethodAndCode() {
    assertThat(value("cairn_calls_total{code=\"OK\",method=\"cairn.v1.SiteService/CreateSite\"}"))
        .isEqualTo(1);
    assertThat(
            value("cairn_calls_total{code=\"NOT_FOUND\",method=\"cairn.v1.SiteService/GetSite\"}"))
        .isEqualTo(1);
    assertThat(value("cairn_call_seconds_count{method=\"cairn.v1.SiteService/CreateSite\"}"))
        .isEqualTo(1);
    assertThat(value("cairn_calls_in_flight")).isZero();
  }

  @Test
  void countsWhatBecameOfJobs() {
    assertThat(value("cairn_backups_ended_total{reason=\"\",state=\"ready\",type=\"on_demand\"}"))
        .isEqualTo(1);
    assertThat(value("cairn_backup_seconds_count{type=\"on_demand\"}")).isEqualTo(1);
    assertThat(value("cairn_verifications_total{result=\"verified\"}")).isPositive();
    assertThat(
            value("cairn_restorations_ended_total{kind=\"full\",reason=\"\",state=\"completed\"}"))
        .isEqualTo(1);
    assertThat(value("cairn_events_total")).isPositive();
    assertThat(value("cairn_rocksdb_wal_syncs_total")).isPositive();
    assertThat(value("cairn_databases_open{of=\"sites\"}")).isPositive();
    assertThat(value("cairn_queue_limit{queue=\"calls\"}")).isPositive();
    assertThat(value("cairn_disk_free_bytes")).isPositive();
  }

  @Test
  void showsWhatACallerChoseNowhere() {
    assertThat(metrics()).doesNotContain("shop", "nobody");
  }

  @Test
  void everyNameOnTheDashboardAndInTheAlertsIsShown() throws IOException {
    Set<String> known = shown().keySet();
    for (Path file : List.of(DASHBOARD, ALERTS)) {
      Set<String> used = new TreeSet<>();
      Matcher matcher = NAME.matcher(Files.readString(file));
      while (matcher.find()) {
        used.add(HISTOGRAM_PART.matcher(matcher.group()).replaceFirst(""));
      }
      assertThat(used).as("%s", file).isNotEmpty();
      assertThat(known).as("what %s uses", file).containsAll(used);
    }
  }

  @Test
  void everyMetricIsOnTheDashboard() throws IOException {
    String dashboard = Files.readString(DASHBOARD);
    assertThat(shown().keySet())
        .filteredOn(name -> !name.equals("process_start_time_seconds"))
        .filteredOn(name -> !name.equals("cairn_overdue_records"))
        .allMatch(dashboard::contains);
  }

  @Test
  void tableIsTrue() throws IOException {
    String help =
        metrics()
            .lines()
            .filter(line -> line.startsWith("# HELP "))
            .map(line -> line.split(" ", 4))
            .sorted((a, b) -> a[2].compareTo(b[2]))
            .map(
                parts ->
                    "| `" + parts[2] + "` | " + shown().get(parts[2]) + " | " + parts[3] + " |")
            .collect(Collectors.joining("\n"));
    assertThat(Files.readString(TABLE)).as("the table has to be:\n%s", help).contains(help + "\n");
  }

  @Test
  void saysWhetherItLivesAndServes() {
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
    assertThat(get("/health/live").body()).isEqualTo("live " + ServerMain.version() + "\n");
    assertThat(get("/health/ready").body()).isEqualTo("ready " + ServerMain.version() + "\n");
    assertThat(get("/elsewhere").statusCode()).isEqualTo(404);
    assertThat(Arrays.asList(200, 404)).contains(get("/../etc/passwd").statusCode());
  }
}
