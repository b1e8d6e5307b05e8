package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the README says is so. */
class ReadmeIT {
  private static final Pattern CODE = Pattern.compile("(?ms)^```[a-z]*\\n(.*?)^```");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z.-]+)` \\|.*\\|$");

  @RegisterExtension final Servers servers = new Servers();

  private static String readme() {
    try {
      return Files.readString(Settings.root().resolve("README.md"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theConfigurationTableIsTheServersOwn() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Settings.java().toString(),
                "-cp",
                Settings.serverJar().toString(),
                Settings.root()
                    .resolve("it/src/test/resources/PrintConfigurationTable.java")
                    .toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String table =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(rows(table)).hasSizeGreaterThan(20);
    List<String> missing = new ArrayList<>(rows(table));
    missing.removeAll(rows(readme()));
    List<String> wrong = new ArrayList<>(rows(readme()));
    wrong.removeAll(rows(table));
    assertThat(missing).as("rows that the README lacks").isEmpty();
    assertThat(wrong).as("rows that are no longer so").isEmpty();
    assertThat(rows(readme())).as("their order").isEqualTo(rows(table));
  }

  private static List<String> rows(String text) {
    return ROW.matcher(text).results().map(MatchResult::group).toList();
  }

  @Test
  void itsCommandsAreThere() {
    List<List<String>> commands = new ArrayList<>();
    CODE.matcher(readme())
        .results()
        .flatMap(block -> block.group(1).lines())
        .map(String::strip)
        .filter(line -> line.startsWith("cairn ") || line.contains("cairn.jar "))
        .map(line -> line.replaceFirst("^.*?(cairn|cairn\\.jar) ", "").replaceAll("\\s#.*", ""))
        .forEach(line -> commands.add(List.of(line.split("\\s+"))));
    assertThat(commands).hasSizeGreaterThan(5);
    for (List<String> command : commands) {
      List<String> words =
          command.stream().takeWhile(word -> word.matches("[a-z]+")).limit(2).toList();
      List<String> options =
          command.stream()
              .filter(word -> word.startsWith("--"))
              .map(word -> word.replaceAll("=.*", ""))
              .toList();
      String help = help(words);
      assertThat(options)
          .as("cairn %s", command)
          .allSatisfy(option -> assertThat(help).contains(option));
    }
  }

  private static String help(List<String> words) {
    List<String> arguments = new ArrayList<>(words);
    arguments.add("--help");
    Cli.Outcome help = Cli.nowhere().run(arguments.toArray(new String[0]));
    if (help.exitCode() != 0 && words.size() == 2) {
      return help(words.subList(0, 1)); // the second word was an argument
    }
    assertThat(help.succeeded().out()).contains("Usage: cairn " + String.join(" ", words));
    return help.out();
  }

  @Test
  void itsFirstStepsWork() throws IOException {
    CairnProcess server = servers.start();
    Cli cli = Cli.of(server);
    Path file = servers.directory().resolve("products.jsonl");
    Files.writeString(file, "{\"_id\":\"a\",\"price\":1}\n{\"_id\":\"b\",\"price\":2.50}\n");
    cli.ok("site", "create", "shop");
    cli.ok("collection", "create", "shop", "products");
    cli.ok("item", "import", "shop", "products", file.toString());
    cli.ok("backup", "create", "shop", "--description", "before the update", "--wait");
    assertThat(cli.ok("backup", "list", "shop").out()).contains("READY");
    try (Cairn cairn = server.connect()) {
      Backup backup = cairn.listBackups("shop").get(0);
      cairn.save("shop", "products", "a", "{\"_id\":\"a\",\"price\":0}");
      cli.ok("restoration", "start", "shop", backup.getId(), "--wait", "--yes");
      assertThat(cairn.get("shop", "products", "a").getData().toStringUtf8())
          .isEqualTo("{\"_id\":\"a\",\"price\":1}");
      String restoration = cairn.listRestorations("shop").get(0).getId();
      cli.ok("restoration", "undo", "shop", restoration, "--wait", "--yes");
      assertThat(cairn.get("shop", "products", "a").getData().toStringUtf8())
          .isEqualTo("{\"_id\":\"a\",\"price\":0}");
    }
  }

  /** "To repair it from a READY backup": as the operating notes say. */
  @Test
  void aSiteCanBeRepairedFromABackupByHand() throws IOException {
    CairnProcess server = servers.start();
    Content held;
    String backup;
    try (Cairn cairn = server.connect()) {
      cairn.createSite("shop", List.of("products"));
      cairn.createSite("other", List.of("things"));
      cairn.fill("shop", "products", 500, "good");
      cairn.fill("other", "things", 5, "good");
      backup = cairn.verifiedBackup("shop").getId();
      held = Content.of(cairn, "shop");
      cairn.fill("shop", "products", 600, "newer");
    }
    server.stop();
    Path site = server.dataDirectory().resolve("sites").resolve("shop");
    Path live = site.resolve(Files.readString(site.resolve("CURRENT")).strip());
    damageManifest(live);
    server.restart();
    try (Cairn cairn = server.connect()) {
      Fault fault = Fault.from(() -> cairn.export("shop", "products"));
      assertThat(fault.reason()).contains(dev.cairn.v1.ErrorReason.ERROR_REASON_DATA_CORRUPT);
      assertThat(cairn.count("other", "things")).isEqualTo(5);
    }
    server.stop();
    copy(
        server.dataDirectory().resolve("backups").resolve("shop").resolve(backup),
        site.resolve("gen-000999"));
    Files.writeString(site.resolve("CURRENT"), "gen-000999\n");
    server.restart();
    try (Cairn cairn = server.connect()) {
      assertThat(held.difference(Content.of(cairn, "shop"))).isEmpty();
      cairn.save("shop", "products", "again", "{}");
      cairn.restore("shop", cairn.backup("shop").getId());
      assertThat(cairn.count("shop", "products")).isEqualTo(501);
      DataDirectory.requireTidy(server, cairn);
    }
  }

  private static void damageManifest(Path database) throws IOException {
    try (Stream<Path> files = Files.list(database)) {
      for (Path file :
          files
              .filter(each -> String.valueOf(each.getFileName()).startsWith("MANIFEST-"))
              .toList()) {
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 0x10;
        Files.write(file, content);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
