package dev.cairn.client.cli;

import static dev.cairn.client.fake.Errors.transport;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Timestamp;
import dev.cairn.client.CairnClient;
import dev.cairn.client.cli.Shell.Result;
import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupStateChanged;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.Event;
import dev.cairn.v1.FieldType;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import io.grpc.Status.Code;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class CairnCliTest {
  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final Shell shell = new Shell(server);

  @AfterEach
  void close() {
    server.close();
  }

  // Asking wrongly

  @Test
  void saysWhatItIs() {
    assertThat(shell.run("--version").out()).startsWith("cairn ");
    assertThat(shell.run("--help").out())
        .contains("Exit codes:", "CAIRN_SERVER", "cairn tour", "restore");
  }

  @Test
  void explainsEveryCommand() {
    Queue<CommandLine> commands = new ArrayDeque<>();
    commands.add(new CommandLine(new CairnCli(Terminal.system(), CairnClient::builder)));
    List<String> path = new ArrayList<>();
    while (!commands.isEmpty()) {
      CommandLine command = commands.remove();
      commands.addAll(command.getSubcommands().values());
      path.clear();
      path.addAll(List.of(command.getCommandSpec().qualifiedName().split(" ")));
      path.remove(0);
      path.add("--help");

      Result result = shell.run(path.toArray(String[]::new));

      assertThat(result.code()).as(path.toString()).isZero();
      assertThat(result.out()).startsWith("Usage: cairn").doesNotContain("null");
      assertThat(result.out().lines()).allMatch(line -> line.length() <= 100);
      if (path.size() > 1) {
        assertThat(result.out()).doesNotContain("--tls-ca");
      }
    }
  }

  @Test
  void everyCommandHasItsPlaceInTheOverview() {
    CommandLine root = new CommandLine(new CairnCli(Terminal.system(), CairnClient::builder));

    assertThat(root.getSubcommands().keySet()).isNotEmpty().allMatch(CommandGroups::has);
    assertThat(shell.run("--help").out().lines())
        .anyMatch(line -> line.startsWith("  backup "))
        .anyMatch(line -> line.startsWith("  restore "));
  }

  @Test
  void showsTheHelpOfACommandOrOfAll() {
    assertThat(shell.run("help", "backup", "create").out())
        .isEqualTo(shell.run("backup", "create", "--help").out());
    assertThat(shell.run("help").out()).isEqualTo(shell.run("--help").out());
    assertThat(shell.run("restore", "--help").out()).startsWith("Usage: cairn restore ");
    String all = shell.run("help", "--all").out();
    assertThat(all).contains("── cairn ──", "── cairn backup create ──", "── cairn restore ──");
    assertThat(all.split("── cairn schedule update ──")).hasSize(2);
    Result unknown = shell.run("help", "backup", "nonsense");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("no command 'backup nonsense'", "hint: ");
  }

  @Test
  void completesInBash() throws IOException, InterruptedException {
    Result script = shell.run("completion", "bash");
    assertThat(script.code()).isZero();
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                "source /dev/stdin; COMP_WORDS=(cairn backup cr); COMP_CWORD=2;"
                    + " COMP_LINE='cairn backup cr'; _complete_cairn; echo \"${COMPREPLY[*]}\"")
            // Only inside a completion is compopt silent.
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (OutputStream in = bash.getOutputStream()) {
      in.write(script.out().getBytes(StandardCharsets.UTF_8));
    }
    String completed =
        new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(bash.waitFor()).as(completed).isZero();
    assertThat(completed).isEqualTo("create");
    assertThat(shell.run("completion", "fish").code()).isEqualTo(2);
  }

  @Test
  void takesBackTheLatestRestoration() {
    shell.run("backup", "create", "shop", "--wait");
    assertThat(shell.run("restoration", "undo", "shop", "latest", "--yes").err())
        .contains("no restoration");
    shell.run("restore", "shop", "latest", "--wait", "--yes");

    Result undone = shell.run("restoration", "undo", "shop", "latest", "--wait", "--yes");

    assertThat(undone.code()).as(undone.err()).isZero();
    assertThat(undone.err()).contains("The latest restoration is ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|Say what to do",
        "console --port 70000|no port",
        "nonsense|nonsense",
        "backup|Say what to do: create",
        "backup create|SITE",
        "backup list shop --state great|none of pending, ready",
        "backup update shop b|Nothing to change",
        "backup update shop b --pin --unpin|contradict",
        "schedule update shop --interval soon|no duration",
        "item list shop orders --where nothing|no condition",
        "site create x --label broken|no label",
        "site list --timeout never|no duration",
        "site list --timeout 0s|--timeout is 0",
        "site list --tls-cert a.pem|need each other",
        "site list -o xml|xml",
        "event watch --from now --after-cursor 1|exclude each other"
      })
  void refusesCommandsThatAreWrong(String command, String message) {
    Result result = shell.run(command.isEmpty() ? new String[0] : command.split(" "));

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("error: ", message, "hint: ");
    assertThat(result.out()).isEmpty();
  }

  // Failing

  @ParameterizedTest
  @EnumSource(
      value = Code.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"OK"})
  void endsWithACodeForEachKindOfFailure(Code code) {
    for (int i = 0; i < 3; i++) {
      server.faults().fail("GetSite", transport(code));
    }

    Result result = shell.run("site", "get", "shop");

    int expected =
        switch (code) {
          case INVALID_ARGUMENT -> 2;
          case NOT_FOUND -> 3;
          case ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION, OUT_OF_RANGE, RESOURCE_EXHAUSTED -> 4;
          case UNAVAILABLE, DEADLINE_EXCEEDED -> 5;
          case UNAUTHENTICATED, PERMISSION_DENIED -> 6;
          default -> 1;
        };
    assertThat(result.code()).isEqualTo(expected);
    assertThat(result.err()).startsWith("error: connection lost").contains("\nhint: ");
  }

  @Test
  void endsWithUnavailableWhenTheServerHasTooMuchToDo() {
    for (int i = 0; i < 3; i++) {
      server.faults().fail("GetSite", Errors.overloaded(1));
    }

    assertThat(shell.run("site", "get", "shop").code()).isEqualTo(5);
  }

  @Test
  void tellsWhatToTypeNow() {
    assertThat(shell.run("site", "get", "nothing").err())
        .contains("error: There is no site nothing. (SITE_NOT_FOUND)", "cairn site list");
  }

  @Test
  void tellsWhichFieldIsWrong() {
    server.faults().fail("CreateBackup", Errors.invalid("collection_ids[1]", "is there twice"));

    assertThat(shell.run("backup", "create", "shop").err())
        .contains("collection_ids[1]: is there twice (INVALID_ARGUMENT)");
  }

  @Test
  void reportsErrorsAsJsonToPrograms() throws Exception {
    Result result = shell.run("site", "get", "nothing", "--output", "json");

    JsonNode error =
        new com.fasterxml.jackson.databind.ObjectMapper().readTree(result.err()).get("error");
    assertThat(error.get("reason").asText()).isEqualTo("SITE_NOT_FOUND");
    assertThat(error.get("code").asText()).isEqualTo("NOT_FOUND");
    assertThat(error.get("hint").asText()).isNotEmpty();
    assertThat(result.code()).isEqualTo(3);
  }

  @Test
  void showsWhereErrorsComeFromWhenAsked() {
    assertThat(shell.run("site", "get", "nothing").err()).doesNotContain("\tat ");
    assertThat(shell.run("-v", "site", "get", "nothing").err()).contains("\tat ");
  }

  // Sites and collections

  @Test
  void createsShowsAndDeletesSites() {
    shell.run("site", "create", "blog", "--name", "Das Blog", "--label", "team=web");

    JsonNode site = shell.run("-o", "json", "site", "get", "blog").json();
    assertThat(site.get("displayName").asText()).isEqualTo("Das Blog");
    assertThat(site.get("labels").get("team").asText()).isEqualTo("web");
    assertThat(site.get("onDemandBackupLimit").isNumber()).isTrue();
    assertThat(shell.run("site", "list").out()).contains("SITE", "blog", "shop");
    assertThat(shell.run("site", "delete", "blog", "-y", "--force").code()).isZero();
    assertThat(shell.run("site", "get", "blog").code()).isEqualTo(3);
  }

  @Test
  void createsCollectionsWithFields() {
    shell.run("collection", "create", "shop", "p", "--field", "name:text!", "--field", "a:b:any");

    CreateCollectionRequest request =
        server.faults().requests("CreateCollection", CreateCollectionRequest.class).get(0);
    assertThat(request.getCollection().getFields(0).getKey()).isEqualTo("name");
    assertThat(request.getCollection().getFields(0).getType()).isEqualTo(FieldType.FIELD_TYPE_TEXT);
    assertThat(request.getCollection().getFields(0).getRequired()).isTrue();
    assertThat(request.getCollection().getFields(1).getKey()).isEqualTo("a:b");
    assertThat(shell.run("collection", "list", "shop").out()).contains("p", "orders");
  }

  @Test
  void takesBackCollectionsAsItPrintsThem() {
    shell.run("collection", "create", "shop", "p", "--name", "Products", "--field", "n:number");
    String json = shell.run("collection", "get", "shop", "p", "-o", "json").out();

    Result copied = shell.runWith(json, "collection", "create", "shop", "q", "--from", "-");

    assertThat(copied.code()).isZero();
    assertThat(copied.out()).contains("q", "Products", "NUMBER");
  }

  // Asking before

  @Test
  void asksBeforeItDestroys() {
    Result refused = shell.run("site", "delete", "shop");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("--yes");

    shell.onScreen();
    assertThat(shell.runWith("n\n", "site", "delete", "shop").code()).isEqualTo(2);
    assertThat(shell.runWith("", "item", "truncate", "shop", "orders").code()).isEqualTo(2);
    assertThat(server.faults().received("DeleteSite")).isEmpty();
    assertThat(shell.runWith("yes\n", "site", "delete", "shop").code()).isZero();
  }

  // Backups

  @Test
  void waitsForBackupsWithProgress() {
    server.with("shop", "orders", "1", "{}");

    Result result = shell.run("backup", "create", "shop", "--wait", "--description", "before");

    assertThat(result.code()).isZero();
    assertThat(result.out())
        .containsPattern("State +READY")
        .contains("before", "1 item in 1 collection");
    assertThat(result.err()).contains("staging", "10/40 items", "100%").doesNotContain("\r");
    assertThat(shell.run("-q", "backup", "create", "shop", "--wait").err()).isEmpty();
  }

  @Test
  void drawsProgressOnAScreen() {
    Result result = shell.onScreen().run("backup", "create", "shop", "--wait");

    assertThat(result.err()).contains("\rbackup  [######").endsWith("\n");
  }

  @Test
  void endsWithAnErrorWhenTheJobFailed() {
    server.failJobs();

    Result result = shell.run("backup", "create", "shop", "--wait");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("error: No room. (DISK_FULL)", "hint: ");
    assertThat(result.out()).contains("FAILED");
  }

  @Test
  void listsBackupsForPeopleAndPrograms() {
    for (int i = 0; i < 3; i++) {
      shell.run("backup", "create", "shop", "--wait", "-q");
    }

    Result table = shell.run("backup", "list", "shop");
    assertThat(table.out().lines().toList().get(0))
        .contains("BACKUP", "STATE", "TYPE", "AGE", "VERIFIED", "ITEMS", "SIZE", "PINNED", "NOTE");
    assertThat(table.out().lines().toList().get(3)).contains("b-0001", "READY", "goes next");
    assertThat(table.err()).contains("evicts b-0001");

    JsonNode json = shell.run("backup", "list", "shop", "-o", "json", "-n", "2").json();
    assertThat(json.get("backups")).hasSize(2);
    assertThat(json.get("nextEvictedBackupId").asText()).isEqualTo("b-0001");
    assertThat(json.get("backups").get(0).get("state").asText()).isEqualTo("BACKUP_STATE_READY");
    assertThat(json.get("backups").get(0).get("pinned").isBoolean()).isTrue();
    assertThat(json.get("backups").get(0).has("startTime")).isFalse();
  }

  @Test
  void namesThePinnedBackups() {
    server
        .faults()
        .fail(
            "CreateBackup",
            Errors.of(
                Code.RESOURCE_EXHAUSTED,
                "ALL_BACKUPS_PINNED",
                "All are pinned.",
                Map.of("backup_ids", "b1,b2", "site_id", "shop")));

    Result result = shell.run("backup", "create", "shop");

    assertThat(result.code()).isEqualTo(4);
    assertThat(result.err()).contains("b1,b2", "cairn backup update shop BACKUP --unpin");
  }

  @Test
  void changesOnlyWhatIsSaid() {
    shell.run("backup", "create", "shop", "-w", "--label", "a=b");

    Result result = shell.run("backup", "update", "shop", "latest", "--pin");

    assertThat(result.out()).contains("Pinned", "a=b");
    assertThat(
            server
                .faults()
                .requests("UpdateBackup", UpdateBackupRequest.class)
                .get(0)
                .getUpdateMask()
                .getPathsList())
        .containsExactly("pinned");
  }

  @Test
  void followsVerifications() {
    shell.run("backup", "create", "shop", "-w");

    assertThat(shell.run("backup", "verify", "shop", "latest", "--wait").out())
        .containsPattern("Verified +yes");
  }

  @Test
  void givesEveryStateOfAWatchToPrograms() {
    shell.run("backup", "create", "shop");

    Result result = shell.run("backup", "watch", "shop", "b-0001", "-o", "json");

    assertThat(result.out().lines()).hasSize(4).allMatch(line -> line.startsWith("{\"id\":"));
  }

  @Test
  void readsInsideBackups() {
    server.with("shop", "orders", "1", "{\"n\":1.10}");
    shell.run("backup", "create", "shop", "-w");

    assertThat(shell.run("backup", "list-items", "shop", "latest", "orders").out())
        .contains("{\"n\":1.10}");
    assertThat(shell.run("backup", "get-item", "shop", "latest", "orders", "1", "--raw").out())
        .isEqualTo("{\"n\":1.10}\n");
  }

  // Restorations

  @Test
  void restoresAndTakesItBack() {
    server.with("shop", "orders", "1", "{}");
    shell.run("backup", "create", "shop", "-w");
    shell.run("item", "delete", "shop", "orders", "1");

    Result restored = shell.run("restore", "shop", "latest", "-y", "--wait");
    assertThat(restored.code()).isZero();
    assertThat(restored.out()).contains("COMPLETED", "Safety backup");
    assertThat(restored.err()).contains("cairn restoration undo shop r-");
    assertThat(server.items("shop", "orders")).containsOnlyKeys("1");

    String id =
        shell
            .run("restoration", "list", "shop", "-o", "json")
            .json()
            .get("restorations")
            .get(0)
            .get("id")
            .asText();
    assertThat(shell.run("restoration", "undo", "shop", id, "-y", "-w").code()).isZero();
    assertThat(server.items("shop", "orders")).isEmpty();
  }

  @Test
  void asksBeforeItRestores() {
    shell.run("backup", "create", "shop", "-w");

    Result result = shell.onScreen().runWith("no\n", "restore", "shop", "latest");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("Restore all of backup b-0001");
    assertThat(server.faults().received("RestoreBackup")).isEmpty();
  }

  @Test
  void restoresChosenCollections() {
    shell.run("backup", "create", "shop", "-w");

    shell.run("restoration", "start", "shop", "b-0001", "-y", "-c", "orders:copy", "-c", "x");

    RestorePartialBackupRequest request =
        server.faults().requests("RestorePartialBackup", RestorePartialBackupRequest.class).get(0);
    assertThat(request.getCollections(0).getDestination().getCollectionId()).isEqualTo("copy");
    assertThat(request.getCollections(1).hasDestination()).isFalse();
  }

  @Test
  void failsWhenTheRestorationFails() {
    shell.run("backup", "create", "shop", "-w");
    server.failJobs();

    assertThat(shell.run("restore", "shop", "latest", "-y", "-w").code()).isEqualTo(1);
  }

  @Test
  void knowsNoLatestBackupWhereThereIsNone() {
    Result result = shell.run("restore", "shop", "latest", "-y");

    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("no READY backup", "cairn backup create shop");
  }

  // Schedules and events

  @Test
  void changesSchedules() {
    shell.run(
        "schedule", "update", "shop", "--cron", "30 3 * * *", "--keep", "7", "--max-age", "none");

    UpdateBackupScheduleRequest request =
        server.faults().requests("UpdateBackupSchedule", UpdateBackupScheduleRequest.class).get(0);
    assertThat(request.getUpdateMask().getPathsList())
        .containsExactly("cron", "retention.count", "retention.max_age");
    assertThat(request.getBackupSchedule().getRetention().hasMaxAge()).isFalse();
    assertThat(shell.run("schedule", "get", "shop").out()).contains("30 3 * * *");
  }

  @Test
  void showsEvents() {
    server.addEvent(
        Event.newBuilder()
            .setId("e1")
            .setSiteId("shop")
            .setSequence(1)
            .setTime(Timestamp.newBuilder().setSeconds(1_700_000_000))
            .setBackupStateChanged(
                BackupStateChanged.newBuilder()
                    .setBackup(
                        Backup.newBuilder().setId("b").setState(BackupState.BACKUP_STATE_READY)))
            .build());

    assertThat(shell.run("event", "watch", "shop", "--from", "beginning", "-n", "1").out())
        .contains("2023-11-14 22:13:20Z", "shop #1", "backup b  READY");
    assertThat(shell.run("event", "watch", "-n", "1", "-o", "json").json().get("sequence").asInt())
        .isEqualTo(1);
  }
}
