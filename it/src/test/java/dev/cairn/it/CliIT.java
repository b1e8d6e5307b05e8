package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What people do by hand, and what scripts rely on: outputs, exit codes, hints. */
class CliIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @RegisterExtension static final Servers SERVERS = new Servers();
  private static int sites;

  private Cli cli = Cli.nowhere();
  private String site = "";

  @BeforeEach
  void aSiteWithItems() {
    CairnProcess server = SERVERS.any();
    cli = Cli.of(server);
    site = "shop-" + ++sites;
    try (Cairn cairn = server.connect()) {
      cairn.createSite(site, List.of("products", "orders"));
      cairn.fill(site, "products", 250, "good");
      cairn.fill(site, "orders", 10, "good");
    }
  }

  private static JsonNode json(Cli.Outcome outcome) {
    try {
      return JSON.readTree(outcome.out());
    } catch (JsonProcessingException e) {
      throw new AssertionError(outcome.toString(), e);
    }
  }

  @Test
  void backsUpDamagesRestoresAndUndoes() {
    Cli.Outcome made = cli.ok("backup", "create", site, "-d", "before the update", "--wait");
    assertThat(made.out()).contains("READY", "before the update", "260 items in 2 collections");
    assertThat(made.errors()).doesNotContain("\u001b");

    cli.ok("item", "truncate", site, "products", "--yes");
    assertThat(cli.ok("item", "count", site, "products").out().strip()).isEqualTo("0");

    Cli.Outcome restored = cli.ok("restoration", "start", site, "latest", "--wait", "--yes");
    assertThat(restored.out()).contains("COMPLETED", "replaced");
    // Progress goes where it does not disturb, as plain lines when nobody is at a terminal.
    assertThat(restored.errors()).contains("100%").doesNotContain("\r", "\u001b");
    assertThat(restored.out()).doesNotContain("100%");
    assertThat(cli.ok("item", "count", site, "products").out().strip()).isEqualTo("250");

    String id =
        json(cli.ok("-o", "json", "restoration", "list", site)).at("/restorations/0/id").asText();
    cli.ok("restoration", "undo", site, id, "--wait", "--yes");
    assertThat(cli.ok("item", "count", site, "products").out().strip()).isEqualTo("0");
    // The short way, with some of the collections and a new name for one.
    cli.ok("restore", site, "latest", "-c", "products", "-c", "orders:copy", "--wait", "--yes");
    assertThat(cli.ok("item", "count", site, "copy").out().strip()).isEqualTo("10");
  }

  @Test
  void showsProgressThatNeverGoesBack() {
    cli.ok("-q", "backup", "create", site, "--wait");
    Cli.Outcome restored = cli.ok("restoration", "start", site, "latest", "--wait", "--yes");
    Matcher percent = Pattern.compile("restore +(\\d+)%").matcher(restored.errors());
    List<Integer> seen = percent.results().map(each -> Integer.valueOf(each.group(1))).toList();
    assertThat(seen).as("%s", restored).isNotEmpty().isSorted().endsWith(100);
  }

  @Test
  void answersProgramsInJson() throws IOException {
    cli.ok("backup", "create", site, "--wait", "--label", "why=test", "--pin");
    Cli.Outcome listed = cli.ok("-o", "json", "backup", "list", site);
    JsonNode backup = json(listed).at("/backups/0");
    assertThat(backup.at("/state").asText()).isEqualTo("BACKUP_STATE_READY");
    assertThat(backup.at("/itemCount").isIntegralNumber()).isTrue();
    assertThat(backup.at("/itemCount").asLong()).isEqualTo(260);
    assertThat(backup.at("/pinned").asBoolean()).isTrue();
    assertThat(backup.at("/labels/why").asText()).isEqualTo("test");

    JsonNode item = json(cli.ok("-o", "json", "item", "get", site, "products", "item-00007"));
    assertThat(item.at("/data/n").asInt()).isEqualTo(7);
    assertThat(item.at("/revision").asInt()).isEqualTo(1);

    Cli.Outcome watched = cli.ok("-o", "json", "backup", "watch", site, "latest");
    List<String> lines = watched.out().lines().toList();
    assertThat(JSON.readTree(lines.get(lines.size() - 1)).at("/state").asText())
        .isEqualTo("BACKUP_STATE_READY");

    Cli.Outcome refused = cli.run("-o", "json", "item", "get", site, "products", "nothing");
    JsonNode error = JSON.readTree(refused.errors()).at("/error");
    assertThat(error.at("/reason").asText()).isEqualTo("ITEM_NOT_FOUND");
    assertThat(error.at("/metadata/item_id").asText()).isEqualTo("nothing");
    assertThat(error.at("/hint").asText()).isNotEmpty();
    assertThat(refused.out()).isEmpty();
  }

  @Test
  void bindsARestoreToWhatWasPreviewed() {
    cli.ok("backup", "create", site, "--wait");
    cli.ok("item", "delete", site, "products", "item-00003");
    cli.ok("item", "save", site, "products", "{\"_id\":\"new\"}");
    Cli.Outcome shown = cli.ok("restoration", "preview", site, "latest");
    assertThat(shown.out()).contains("products added: item-00003", "products removed: new");
    String token = previewToken();
    cli.ok("item", "save", site, "products", "{\"_id\":\"later\"}");

    Cli.Outcome refused =
        cli.run("restore", site, "latest", "--preview-token", token, "--wait", "--yes");
    requireFailure(4, refused);
    assertThat(refused.errors()).contains("PREVIEW_OUTDATED");

    cli.ok("restore", site, "latest", "--preview-token", previewToken(), "--wait", "--yes");
    assertThat(cli.ok("item", "count", site, "products").out().strip()).isEqualTo("250");
  }

  private String previewToken() {
    return json(cli.ok("-o", "json", "restoration", "preview", site, "latest"))
        .at("/previewToken")
        .asText();
  }

  @Test
  void clonesABackupIntoANewSite() {
    cli.ok("backup", "create", site, "--wait");
    String copy = site + "-copy";
    cli.ok("restore", site, "latest", "-c", "orders:o", "--into-site", copy, "--wait", "--yes");
    assertThat(cli.ok("item", "count", copy, "o").out().strip()).isEqualTo("10");
    requireFailure(4, cli.run("restore", site, "latest", "--into-site", copy, "--yes"));
  }

  @Test
  void putsASingleItemOfABackupBack() {
    cli.ok("backup", "create", site, "--wait");
    cli.ok("item", "save", site, "products", "{\"broken\":1}", "--id", "item-00007");
    assertThat(cli.ok("backup", "list-items", site, "latest", "products", "-n", "9").out())
        .contains("item-00007");
    Cli.Outcome shown = cli.ok("backup", "get-item", site, "latest", "products", "item-00007");
    assertThat(shown.errors()).contains("--raw | cairn item save " + site + " products --id");

    Cli.Outcome raw =
        cli.ok("backup", "get-item", site, "latest", "products", "item-00007", "--raw");
    cli.runWithInput(
            raw.out().getBytes(StandardCharsets.UTF_8),
            "item",
            "save",
            site,
            "products",
            "--id",
            "item-00007")
        .succeeded();

    assertThat(cli.ok("item", "get", site, "products", "item-00007", "--raw").out())
        .isEqualTo(raw.out())
        .contains("good");
  }

  @Test
  void showsAndChangesTheSchedule() {
    assertThat(cli.ok("schedule", "get", site).out()).contains("every 7d");
    assertThat(
            cli.ok("schedule", "update", site, "--cron", "30 3 * * 1-5", "--keep", "2", "--pause")
                .out())
        .contains("30 3 * * 1-5");
    JsonNode paused = json(cli.ok("-o", "json", "schedule", "get", site));
    assertThat(paused.at("/paused").asBoolean()).isTrue();
    assertThat(paused.has("nextRunTime")).isFalse();
    JsonNode resumed = json(cli.ok("-o", "json", "schedule", "update", site, "--resume"));
    assertThat(resumed.at("/nextRunTime").asText()).isNotEmpty();
    requireFailure(2, cli.run("schedule", "update", site, "--cron", "61 * * * *"));
  }

  @Test
  void watchesEventsAndGoesOnWhereItStopped() throws IOException {
    cli.ok("backup", "create", site, "--wait");
    List<String> first =
        cli.ok("-o", "json", "event", "watch", site, "--from", "beginning", "-n", "2")
            .out()
            .lines()
            .toList();
    String cursor = JSON.readTree(first.get(1)).at("/cursor").asText();
    Cli.Running running = cli.start("-o", "json", "event", "watch", site, "--after-cursor", cursor);
    Cli.Outcome next =
        cli.ok("-o", "json", "event", "watch", site, "--after-cursor", cursor, "-n", "1");
    assertThat(JSON.readTree(next.out()).at("/sequence").asLong()).isEqualTo(3);
    running.interrupt();
    assertThat(running.await(Duration.ofSeconds(30)).exitCode()).isEqualTo(130);
  }

  @Test
  void showsWhatASiteOccupies() {
    cli.ok("backup", "create", site, "--wait");
    assertThat(cli.ok("site", "usage", site).out()).contains("260 items", "Total");
    assertThat(json(cli.ok("-o", "json", "site", "usage", site)).at("/usage/backups")).hasSize(1);
  }

  @Test
  void publishesTheSandbox() {
    cli.ok("item", "save", site, "products", "--sandbox", "{\"_id\":\"draft\"}");
    assertThat(cli.ok("item", "publish", site, "--yes").out()).contains("products");
    cli.ok("item", "get", site, "products", "draft");
  }

  @Test
  void selectsItemsWithEveryOperator() {
    try (Cairn cairn = SERVERS.any().connect()) {
      cairn.createCollection(site, "q");
      for (int i = 1; i <= 3; i++) {
        String document = "{'price':%1$d,'name':'Name %1$d','tags':['a','b%1$d']}".formatted(i);
        cairn.save(site, "q", "p" + i, document.replace('\'', '"'));
      }
    }
    where("price=2", "p2");
    where("price!=2", "p1", "p3");
    where("price<2", "p1");
    where("price<=2", "p1", "p2");
    where("price>2", "p3");
    where("price>=2", "p2", "p3");
    where("name^=Na", "p1", "p2", "p3");
    where("name*=e 3", "p3");
    matching("{'field':'price','isIn':[1,3]}", "p1", "p3");
    matching("{'field':'tags','hasSome':['b1','z']}", "p1");
    matching("{'field':'tags','hasAll':['a','b2']}", "p2");
    matching("{'field':'name','exists':true}", "p1", "p2", "p3");
    // What is misspelt must not select everything.
    requireFailure(
        2, cli.run("item", "list", site, "q", "--filter", "{\"not\":{\"comparison\":{}}}"));
  }

  private void where(String condition, String... ids) {
    assertIds(cli.ok("-o", "json", "item", "list", site, "q", "--where", condition), ids);
  }

  private void matching(String comparison, String... ids) {
    String filter = "{'anyOf':{'filters':[{'comparison':" + comparison + "}]}}";
    assertIds(
        cli.ok("-o", "json", "item", "list", site, "q", "--filter", filter.replace('\'', '"')),
        ids);
  }

  private static void assertIds(Cli.Outcome listed, String... ids) {
    assertThat(json(listed).at("/items").findValuesAsText("id")).containsExactly(ids);
  }

  @Test
  void saysByItsExitCodeWhatScriptsMustKnow() {
    assertThat(cli.run("--help").exitCode()).isZero();
    assertThat(cli.run("--version").exitCode()).isZero();
    requireFailure(2, cli.run("frobnicate"));
    requireFailure(2, cli.run("backup", "create"));
    requireFailure(2, cli.run("item", "save", site, "products", "{}", "--id", "a\tb"));
    requireFailure(3, cli.run("backup", "list", "no-such-site"));
    requireFailure(3, cli.run("restoration", "get", site, "no-such-restoration"));
    requireFailure(4, cli.run("collection", "create", site, "products"));
    requireFailure(4, cli.run("site", "delete", site, "--yes"));
    requireFailure(5, cli.run("-s", "127.0.0.1:1", "--timeout", "2s", "site", "list"));
    // What cannot be taken back is not done unasked.
    cli.ok("backup", "create", site, "--wait");
    requireFailure(2, cli.runWithInput(new byte[0], "restoration", "start", site, "latest"));
    assertThat(json(cli.ok("-o", "json", "restoration", "list", site)).at("/restorations"))
        .isEmpty();
  }

  private static void requireFailure(int exitCode, Cli.Outcome outcome) {
    assertThat(outcome.exitCode()).as("%s", outcome).isEqualTo(exitCode);
    assertThat(outcome.errors()).contains("error:", "hint:").doesNotContain("\tat ", "Exception");
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  void namesTheBackupsThatAreInTheWay() {
    List<String> pinned =
        IntStream.range(0, 3)
            .mapToObj(i -> json(cli.ok("-o", "json", "backup", "create", site, "--pin", "--wait")))
            .map(backup -> backup.at("/id").asText())
            .toList();
    Cli.Outcome refused = cli.run("backup", "create", site);
    requireFailure(4, refused);
    assertThat(refused.errors()).contains(pinned);
    cli.ok("backup", "update", site, pinned.get(0), "--unpin");
    cli.ok("backup", "create", site, "--wait");
    assertThat(
            json(cli.ok("-o", "json", "backup", "get", site, pinned.get(0)))
                .at("/deleteReason")
                .asText())
        .isEqualTo("BACKUP_DELETE_REASON_EVICTED");
  }

  @Test
  void takesDocumentsInEveryScriptWhateverTheLocale() {
    Cli posix = cli.with("LC_ALL", "POSIX");
    posix.ok("item", "save", site, "products", "{\"_id\":\"ключ\",\"text\":\"日本 🗾\"}");
    assertThat(posix.ok("item", "get", site, "products", "ключ").out()).contains("日本 🗾");
    posix
        .runWithInput(
            "{\"_id\":\"stdin\",\"text\":\"Ünïcödé\"}".getBytes(StandardCharsets.UTF_8),
            "item",
            "save",
            site,
            "products",
            "-")
        .succeeded();
    assertThat(posix.ok("item", "get", site, "products", "stdin").out()).contains("Ünïcödé");
    posix.ok("backup", "create", site, "-d", "до обновления", "--wait");
    assertThat(posix.ok("backup", "get", site, "latest").out()).contains("до обновления");
  }

  @Test
  void goesOnWithAnImportThatWasStopped() throws IOException {
    Path file = SERVERS.directory().resolve("many.jsonl");
    String padding = "p".repeat(150);
    Files.writeString(
        file,
        IntStream.range(0, 60_000)
            .mapToObj(i -> "{\"_id\":\"m" + i + "\",\"n\":" + i + ",\"pad\":\"" + padding + "\"}\n")
            .collect(Collectors.joining()));
    Cli.Running running =
        cli.start("item", "import", site, "many", file.toString(), "--create-collection");
    Wait.until("some of it is there", Duration.ofSeconds(60), () -> many() > 500);
    running.interrupt();
    Cli.Outcome stopped = running.await(Duration.ofSeconds(30));
    assertThat(stopped.exitCode()).as("%s", stopped).isEqualTo(130);
    Matcher id = Pattern.compile("Import ([0-9a-f-]{36})").matcher(stopped.errors());
    assertThat(id.find()).as("%s", stopped).isTrue();
    long before = many();
    assertThat(before).isBetween(500L, 59_999L);

    Cli.Outcome resumed =
        cli.ok(
            "-o", "json", "item", "import", site, "many", file.toString(), "--resume", id.group(1));
    assertThat(json(resumed).at("/receivedCount").asLong()).isEqualTo(60_000);
    assertThat(json(resumed).at("/insertedCount").asLong()).isEqualTo(60_000);
    assertThat(many()).isEqualTo(60_000);
  }

  private long many() {
    try (Cairn cairn = SERVERS.any().connect()) {
      return cairn.listCollections(site).stream()
          .filter(each -> each.getId().equals("many"))
          .mapToLong(each -> each.getLiveItemCount())
          .sum();
    }
  }

  @Test
  void reportsTheLineThatIsWrong() {
    byte[] lines = "{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n{oops}\n".getBytes(StandardCharsets.UTF_8);
    Cli.Outcome refused = cli.runWithInput(lines, "item", "import", site, "products", "-");
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.errors()).contains("line 3", "hint:");
  }
}
