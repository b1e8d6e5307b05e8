package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The packaged server and command line over mutual TLS with tokens. */
class AuthIT {
  private static final Duration HOUR = Duration.ofHours(1);

  @RegisterExtension final Servers servers = new Servers();
  private final Authority authority = new Authority("Test CA");
  private final Issuer issuer = new Issuer();
  private Path files = Path.of("");
  private Cli cli = Cli.nowhere();

  @BeforeEach
  void start() {
    files = servers.directory();
    authority.issue("server").write(files, "server");
    authority.issue("client").write(files, "client");
    Authority.write(files.resolve("ca.pem"), authority.certificate());
    Authority.write(files.resolve("keys.json"), issuer.keySet());
    servers.start(
        "--tls.certificate=" + files.resolve("server.pem"),
        "--tls.private-key=" + files.resolve("server.key"),
        "--tls.client-authorities=" + files.resolve("ca.pem"),
        "--auth.keys=" + files.resolve("keys.json"),
        "--auth.issuer=" + Issuer.NAME,
        "--reload.interval=200ms");
    cli =
        Cli.of(servers.last())
            .with("CAIRN_TLS_CA", files.resolve("ca.pem").toString())
            .with("CAIRN_TLS_CERT", files.resolve("client.pem").toString())
            .with("CAIRN_TLS_KEY", files.resolve("client.key").toString())
            .with("CAIRN_TOKEN_FILE", files.resolve("token").toString());
  }

  private void token(String token) {
    Authority.write(files.resolve("token"), token + "\n");
  }

  @Test
  void onlyWithTheRightCertificateAndTheRightTokenAndTheRightPermission() {
    token(issuer.token("ada", HOUR, Map.of("shop", List.of("administer", "backups.list"))));
    cli.ok("site", "create", "shop");
    assertThat(cli.ok("site", "list").out()).contains("shop");
    assertThat(cli.ok("backup", "list", "shop").exitCode()).isZero();

    Cli.Outcome denied = cli.run("backup", "create", "shop");
    assertThat(denied.exitCode()).as("%s", denied).isEqualTo(6);
    assertThat(denied.errors())
        .contains("PERMISSION_DENIED", "this needs the permission backups.create on the site shop")
        .contains("hint: Ask whoever gives out tokens for backups.create on shop");

    // The file is read anew by each command.
    token(issuer.token("ada", HOUR, Map.of("*", List.of("backups.create", "backups.list"))));
    assertThat(cli.ok("backup", "create", "shop", "--wait", "--output", "json").out())
        .contains("\"creator\"", "ada");

    token(issuer.token("ada", HOUR.negated(), Map.of("*", List.of("backups.list"))));
    Cli.Outcome expired = cli.run("backup", "list", "shop");
    assertThat(expired.exitCode()).isEqualTo(6);
    assertThat(expired.errors()).contains("UNAUTHENTICATED", "the token has expired");

    Cli.Outcome stranger =
        Cli.of(servers.last())
            .with("CAIRN_TLS_CA", files.resolve("ca.pem").toString())
            .run("site", "list", "--timeout", "5s");
    assertThat(stranger.exitCode()).as("%s", stranger).isEqualTo(5);
    assertThat(stranger.errors()).contains("--tls-cert");

    Wait.until(
        "the audit log names who did it",
        Duration.ofSeconds(10),
        () ->
            servers.last().log().contains("who=ada what=cairn.v1.SiteService/CreateSite outcome=OK")
                && servers.last().log().contains("outcome=PERMISSION_DENIED"));
    assertThat(servers.last().log())
        .doesNotContain(issuer.token("x", HOUR, Map.of()).split("\\.")[0]);
  }

  @Test
  void keysAndCertificatesAreReplacedWhileItRuns() {
    Issuer next = new Issuer();
    Map<String, List<String>> all = Map.of("*", List.of("administer"));
    token(next.token("ada", HOUR, all));
    assertThat(cli.run("site", "list").exitCode()).isEqualTo(6);

    Authority.write(files.resolve("keys.json"), next.keySet());
    authority.issue("renewed").write(files, "server");

    Wait.until(
        "the new keys count",
        Duration.ofSeconds(30),
        () -> cli.run("site", "list").exitCode() == 0);
    assertThat(servers.last().log()).contains("reloaded keys of tokens");
  }

  @Test
  void refusesToListenToStrangersUnprotected() {
    CairnProcess open =
        CairnProcess.begin(servers.directory(), List.of("--listen.address=0.0.0.0"));
    assertThat(open.awaitExit(Duration.ofSeconds(60))).isEqualTo(2);
    assertThat(open.log())
        .contains("tls.certificate", "auth.keys", "listen.beyond-loopback-unprotected=true")
        .doesNotContain("\tat ");
  }
}
