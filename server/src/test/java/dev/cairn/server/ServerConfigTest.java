package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.ServerConfig.Command;
import dev.cairn.server.ServerConfig.Print;
import dev.cairn.server.ServerConfig.Start;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.ConfigKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerConfigTest {
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  @TempDir Path directory;

  @Test
  void defaultsAreThoseOfTheDesign() {
    assertThat(start())
        .isEqualTo(
            new ServerConfig(
                Path.of("./cairn-data"),
                64 << 20,
                new ServerConfig.Listen("127.0.0.1", 7600, Optional.empty()),
                new ServerConfig.Security(
                    false,
                    Optional.empty(),
                    Optional.empty(),
                    Duration.ofSeconds(10),
                    Optional.empty()),
                new ServerConfig.Admin("127.0.0.1", OptionalInt.empty()),
                new ServerConfig.Limits(
                    500_000,
                    1_000,
                    1_000,
                    1_000,
                    1_000,
                    10,
                    1_000_000,
                    4 << 20,
                    8 << 10,
                    10_000,
                    1_000,
                    20_000,
                    Math.max(64, 32 * CORES),
                    4_096,
                    256,
                    Math.max(8, 2 * CORES),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(5)),
                new ServerConfig.Store(
                    500, Duration.ofMinutes(10), 256 << 20, 512 << 20, 256 << 20),
                new ServerConfig.Backup(3, 4, 1, 2, true, Duration.ofDays(30)),
                new ServerConfig.Restore(2, Duration.ofSeconds(5)),
                new ServerConfig.Watch(Duration.ofSeconds(15), Duration.ofMillis(200)),
                new ServerConfig.Connection(
                    Duration.ofSeconds(10), Duration.ofMinutes(5), Optional.empty()),
                Duration.ofHours(24),
                Duration.ofDays(30),
                Duration.ofSeconds(20)));
    assertThat(ServerConfig.of(Map.of())).isEqualTo(start());
  }

  @Test
  void eachKeyReachesItsOwnPlace() throws IOException {
    ServerConfig all =
        ((Start) ServerConfig.parse(List.of("--config", write(ALL_CHANGED).toString()), Map.of()))
            .config();

    assertThat(all)
        .isEqualTo(
            new ServerConfig(
                Path.of("/d\u00e4ta"),
                1,
                new ServerConfig.Listen("::1", 2, Optional.of(Path.of("port"))),
                new ServerConfig.Security(
                    true,
                    Optional.of(
                        new ServerConfig.Tls(
                            Path.of("c.pem"), Path.of("c.key"), Optional.of(Path.of("ca.pem")))),
                    Optional.of(
                        new ServerConfig.Auth(
                            Path.of("jwks"), "me", "you", "rights", Duration.ofSeconds(41))),
                    Duration.ofSeconds(42),
                    Optional.of(Path.of("audit"))),
                new ServerConfig.Admin("::2", OptionalInt.of(4)),
                new ServerConfig.Limits(
                    1_003,
                    4,
                    5,
                    6,
                    7,
                    8,
                    36,
                    65_545,
                    1_034,
                    1_011,
                    11,
                    12,
                    13,
                    14,
                    41,
                    15,
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(37)),
                new ServerConfig.Store(
                    16, Duration.ofSeconds(17), 1_048_594L, 1_048_595L, 1_048_596L),
                new ServerConfig.Backup(20, 21, 22, 23, false, Duration.ofDays(24)),
                new ServerConfig.Restore(25, Duration.ofMillis(26)),
                new ServerConfig.Watch(Duration.ofSeconds(27), Duration.ofMillis(28)),
                new ServerConfig.Connection(
                    Duration.ofSeconds(29),
                    Duration.ofMinutes(30),
                    Optional.of(Duration.ofHours(31))),
                Duration.ofHours(32),
                Duration.ofDays(34),
                Duration.ofSeconds(33)));
    assertThat(ALL_CHANGED.lines().map(line -> line.replaceAll("=.*", "")))
        .containsExactlyInAnyOrderElementsOf(keys());
  }

  @Test
  void halfOfTlsOrAuthenticationIsRefused() {
    assertThatThrownBy(() -> ServerConfig.of(Map.of("tls.certificate", "c.pem")))
        .hasMessageContaining("tls.private-key");
    assertThatThrownBy(() -> ServerConfig.of(Map.of("tls.private-key", "c.key")))
        .hasMessageContaining("tls.certificate");
    assertThatThrownBy(() -> ServerConfig.of(Map.of("tls.client-authorities", "ca.pem")))
        .hasMessageContaining("tls.certificate");
    assertThatThrownBy(() -> ServerConfig.of(Map.of("auth.keys", "jwks")))
        .hasMessageContaining("auth.issuer");
    assertThatThrownBy(() -> ServerConfig.of(Map.of("auth.issuer", "me")))
        .hasMessageContaining("auth.keys");
  }

  @Test
  void flagsWinOverVariablesWinOverTheFile() throws IOException {
    String file = write("listen.port=1\nstore.open-sites=1\nbackup.auto-limit=1\n").toString();
    Map<String, String> environment =
        Map.of("CAIRN_LISTEN_PORT", "2", "CAIRN_STORE_OPEN_SITES", "2");

    ServerConfig config =
        ((Start) ServerConfig.parse(List.of("--listen.port", "3", "--config=" + file), environment))
            .config();

    assertThat(config.listen().port()).isEqualTo(3);
    assertThat(config.store().openSites()).isEqualTo(2);
    assertThat(config.backup().autoLimit()).isEqualTo(1);
    assertThat(config.backup().onDemandLimit()).isEqualTo(3);
  }

  @Test
  void everyValueOutOfRangeIsRefused() {
    List<String> problems =
        problems(
            "--listen.port=65536",
            "--listen.address=a b",
            "--limits.item-bytes=17MiB",
            "--limits.worker-threads=0",
            "--store.idle-close=0s",
            "--backup.on-demand-limit=0",
            "--backup.verify-after-create=yes",
            "--restore.switch-wait=1h",
            "--disk.reserve=-1",
            "--connection.max-age=1ms",
            "--data.directory=");

    assertThat(problems).hasSize(11).allMatch(problem -> problem.contains("must be"));
  }

  @Test
  void itemMustFitIntoAMessage() {
    assertThat(problems("--limits.item-bytes=4MiB"))
        .containsExactly(
            "limits.item-bytes: \"4MiB\" (flag --limits.item-bytes) must be less than"
                + " limits.message-bytes: \"4MiB\" (default)");
  }

  @Test
  void progressMustBeMoreFrequentThanHeartbeats() {
    assertThat(problems("--watch.heartbeat=1s", "--watch.min-interval=2s")).hasSize(1);
  }

  @Test
  void unknownKeysAreRefusedWithASuggestion() {
    assertThat(problems("--lisen.port=1"))
        .containsExactly("lisen.port (flag --lisen.port) is not known; did you mean listen.port?");
    assertThat(problems("--port=1").get(0)).contains("did you mean listen.port?");
    assertThat(problems("--confg=x").get(0)).contains("did you mean config?");
  }

  @Test
  void helpIsPrintedWhateverElseIsGiven() {
    String help = ServerConfig.help();

    assertThat(ServerConfig.parse(List.of("--help", "--nonsense"), Map.of()))
        .isEqualTo(new Print(help));
    assertThat(ServerConfig.parse(List.of("-h"), Map.of())).isEqualTo(new Print(help));
    assertThat(help).contains("--listen.port\n", "CAIRN_LISTEN_PORT_FILE", "--config FILE");
    assertThat(help.lines()).allMatch(line -> line.length() <= 180);
  }

  @Test
  void printedConfigReadsAsTheSameConfig() throws IOException {
    String all = write(ALL_CHANGED).toString();
    Command printed = ServerConfig.parse(List.of("--print-config", "--config=" + all), Map.of());
    Path copy = directory.resolve("copy.properties");
    Files.writeString(copy, ((Print) printed).text());

    assertThat(start("--config=" + copy)).isEqualTo(start("--config=" + all));
  }

  @Test
  void printConfigStillRefusesWhatIsWrong() {
    assertThat(problems("--print-config", "--listen.port=x")).hasSize(1);
  }

  @Test
  void tableOfTheReadmeHasEveryKey() {
    List<String> rows = ServerConfig.markdownTable().lines().toList();

    long declared =
        Arrays.stream(ServerConfigKeys.class.getDeclaredFields())
            .filter(field -> field.getType() == ConfigKey.class)
            .count();
    assertThat(keys()).hasSize((int) declared).doesNotHaveDuplicates();
    assertThat(rows.get(2)).startsWith("| `data.directory` | `./cairn-data` |");
    assertThat(rows).allMatch(row -> row.startsWith("| ") && row.endsWith(" |"));
  }

  private static ServerConfig start(String... arguments) {
    return ((Start) ServerConfig.parse(List.of(arguments), Map.of())).config();
  }

  private static List<String> problems(String... arguments) {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class, () -> ServerConfig.parse(List.of(arguments), Map.of()));
    assertThat(refused).isNotNull();
    return refused.problems();
  }

  private static List<String> keys() {
    return ServerConfig.markdownTable().lines().skip(2).map(row -> row.split("`", 3)[1]).toList();
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("cairn.properties"), text);
  }

  /** Each key once, each with a value of its own that is not the default. */
  private static final String ALL_CHANGED =
      """
      data.directory=/d\u00e4ta
      admin.address=::2
      admin.port=4
      disk.reserve=1
      listen.address=::1
      listen.port=2
      listen.port-file=port
      listen.beyond-loopback-unprotected=true
      tls.certificate=c.pem
      tls.private-key=c.key
      tls.client-authorities=ca.pem
      auth.keys=jwks
      auth.issuer=me
      auth.audience=you
      auth.permissions-claim=rights
      auth.clock-skew=41s
      reload.interval=42s
      audit.file=audit
      limits.item-bytes=1003
      limits.batch-items=4
      limits.collections-per-site=5
      limits.fields-per-collection=6
      limits.page-size=7
      limits.filter-values=8
      limits.examined-items=36
      limits.message-bytes=65545
      limits.metadata-bytes=1034
      limits.connections=1011
      limits.calls-per-connection=11
      limits.watches=12
      limits.worker-threads=13
      limits.worker-queue=14
      limits.scans=41
      limits.stream-threads=15
      limits.export-standstill=15s
      limits.import-silence=37s
      store.open-sites=16
      store.idle-close=17s
      store.block-cache=1048594
      store.write-buffers=1048595
      store.large-collection=1048596
      backup.on-demand-limit=20
      backup.auto-limit=21
      backup.safety-limit=22
      backup.concurrent-jobs=23
      backup.verify-after-create=false
      backup.record-retention=24d
      restore.concurrent-jobs=25
      restore.switch-wait=26ms
      watch.heartbeat=27s
      watch.min-interval=28ms
      keepalive.permit=29s
      connection.max-idle=30m
      connection.max-age=31h
      request-id.retention=32h
      event.retention=34d
      shutdown.grace=33s
      """;
}
