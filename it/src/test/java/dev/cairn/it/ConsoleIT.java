package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.protobuf.Duration;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.GetBackupScheduleRequest;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The console in a real browser: {@code console/story.cjs} is the person, this the judge of what
 * became of the content. Screenshots of every place stay in {@code target/console}. Skipped where
 * Node or Chromium cannot be had, unless {@code IT_REQUIRED} names {@code console}.
 */
class ConsoleIT {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

  /** So many that a restoration of them is seen to go on, however quick the machine is. */
  private static final int PRODUCTS = 400_000;

  private static final long STORY_MINUTES = 8;
  private static final java.time.Duration HOUR = java.time.Duration.ofHours(1);

  @RegisterExtension final Servers servers = new Servers();

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void aPersonBacksUpRestoresAndUndoesInABrowser() throws IOException, InterruptedException {
    Path tools = tools();
    CairnProcess server = servers.start("--watch.min-interval=20ms");
    try (Cairn cairn = server.connect()) {
      Judge judge = new Judge(cairn);
      judge.prepare();
      play(tools, Cli.of(server), "all", judge::answer);
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aPageOverTlsGoesOnWhenItsTokenIsRenewed() throws IOException, InterruptedException {
    Path tools = tools();
    Path files = servers.directory();
    Authority authority = new Authority("Test CA");
    Issuer issuer = new Issuer();
    authority.issue("server").write(files, "server");
    authority.issue("client").write(files, "client");
    Authority.write(files.resolve("ca.pem"), authority.certificate());
    Authority.write(files.resolve("keys.json"), issuer.keySet());
    Path token = files.resolve("token");
    Map<String, List<String>> rights =
        Map.of("*", List.of("administer", "backups.list", "backups.create"));
    String good = issuer.token("ada", HOUR, rights);
    Authority.write(token, good);
    servers.start(
        "--tls.certificate=" + files.resolve("server.pem"),
        "--tls.private-key=" + files.resolve("server.key"),
        "--tls.client-authorities=" + files.resolve("ca.pem"),
        "--auth.keys=" + files.resolve("keys.json"),
        "--auth.issuer=" + Issuer.NAME);
    Cli cli =
        Cli.of(servers.last())
            .with("CAIRN_TLS_CA", files.resolve("ca.pem").toString())
            .with("CAIRN_TLS_CERT", files.resolve("client.pem").toString())
            .with("CAIRN_TLS_KEY", files.resolve("client.key").toString())
            .with("CAIRN_TOKEN_FILE", token.toString());
    cli.ok("site", "create", "shop");
    String[] last = {""};
    play(
        tools,
        cli,
        "token",
        question -> {
          switch (question) {
            case "the token has expired" ->
                Authority.write(token, issuer.token("ada", HOUR.negated(), rights));
            case "the token is gone" -> delete(token);
            case "renew" -> Authority.write(token, good);
            case "a backup" ->
                cli.ok("backup", "create", "shop", "--wait", "-d", "after: " + last[0]);
            default -> throw new AssertionError("nobody knows what this means: " + question);
          }
          if (question.startsWith("the token")) {
            last[0] = question;
          }
        });
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the story's programs are; the test is left out if they cannot be had. */
  private static Path tools() throws IOException {
    requireOrSkip("Node is not installed", run(Path.of("."), "node", "--version"));
    requireOrSkip("Chromium cannot be installed", chromium());
    Path tools = Settings.root().resolve("it/target/console");
    requireOrSkip("the packages cannot be installed", packages(tools));
    return tools;
  }

  /** Plays one way of the story on a console of its own. */
  private static void play(Path tools, Cli cli, String way, Consumer<String> judge)
      throws IOException, InterruptedException {
    Cli.Running console = cli.start("console");
    try {
      String link = console.firstLine();
      assertThat(link).matches("http://127\\.0\\.0\\.1:\\d+/#key=[\\w-]{43}");
      play(tools, link, way, judge);
    } finally {
      console.interrupt();
      assertThat(console.await(java.time.Duration.ofSeconds(30)).exitCode()).isEqualTo(130);
    }
  }

  private static void play(Path tools, String link, String way, Consumer<String> judge)
      throws IOException, InterruptedException {
    Files.copy(
        Settings.root().resolve("it/src/test/resources/console/story.cjs"),
        tools.resolve("story.cjs"),
        StandardCopyOption.REPLACE_EXISTING);
    Process story =
        new ProcessBuilder("node", "story.cjs", link, CHROMIUM.toString(), tools.toString(), way)
            .directory(tools.toFile())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader said =
            new BufferedReader(
                new InputStreamReader(story.getInputStream(), StandardCharsets.UTF_8));
        BufferedWriter answer =
            new BufferedWriter(
                new OutputStreamWriter(story.getOutputStream(), StandardCharsets.UTF_8))) {
      StringBuilder all = new StringBuilder();
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        System.out.println(line);
        all.append(line).append('\n');
        if (line.startsWith("ASK ")) {
          judge.accept(line.substring(4));
          answer.write("done\n");
          answer.flush();
        }
      }
      assertThat(story.waitFor(STORY_MINUTES, TimeUnit.MINUTES)).isTrue();
      assertThat(all.toString()).contains("the story ended well");
      assertThat(story.exitValue()).isZero();
    } finally {
      story.destroyForcibly();
    }
  }

  /** Does what happens outside the browser, and looks at what the browser has done. */
  private static final class Judge {
    private final Cairn cairn;
    private Content before = Content.NONE;
    private Content damaged = Content.NONE;
    private int backups;

    Judge(Cairn cairn) {
      this.cairn = cairn;
    }

    void prepare() {
      cairn.createSite("shop", List.of("products", "orders", "pages"));
      cairn.fill("shop", "products", PRODUCTS, "good");
      cairn.fill("shop", "orders", 400, "good");
      cairn.fill("shop", "pages", 12, "good");
      cairn.save(
          "shop",
          "products",
          "!<img src=x onerror=alert(1)>",
          "{\"price\": 12345678901234567890.10, \"name\": \"<script>alert(1)</script>\"}");
      before = Content.of(cairn, "shop");
    }

    void answer(String question) {
      switch (question) {
        case "damage" -> damage();
        case "restored" -> requireContent(before.places().size() + 2, before);
        case "undone" -> requireContent(damaged.places().size(), damaged);
        case "three backups" -> {
          for (int i = 1; i <= 3; i++) {
            backUp("number " + i);
          }
        }
        case "beside" -> {
          Content now = Content.of(cairn, "shop");
          assertThat(now.places()).hasSize(damaged.places().size() + 2);
          assertThat(now.places()).containsAllEntriesOf(damaged.places());
          assertThat(cairn.count("shop", "pages-then")).isEqualTo(12);
        }
        case "cloned" ->
            assertThat(Content.of(cairn, "shop-then").places())
                .containsExactlyInAnyOrderEntriesOf(before.places());
        case "many backups" -> {
          for (int i = 1; i <= 15; i++) {
            backUp("more " + i);
          }
        }
        case "fill the phone" -> cairn.fill("phone", "notes", 30, "good");
        case "damage the phone" -> {
          for (int i = 0; i < 5; i++) {
            cairn.delete("phone", "notes", Cairn.itemId(i));
          }
        }
        case "the phone is undone" -> assertThat(cairn.count("phone", "notes")).isEqualTo(25);
        case "phone-then is gone" ->
            assertThat(cairn.siteIds()).containsExactlyInAnyOrder("phone", "shop", "shop-then");
        case "schedule" -> {
          BackupSchedule schedule =
              cairn
                  .schedules()
                  .getBackupSchedule(
                      GetBackupScheduleRequest.newBuilder().setSiteId("shop").build())
                  .getBackupSchedule();
          assertThat(schedule.getInterval())
              .isEqualTo(Duration.newBuilder().setSeconds(3 * 86_400).build());
          assertThat(schedule.getPaused()).isTrue();
        }
        case "damage once more" -> cairn.delete("shop", "products", Cairn.itemId(20));
        case "nothing changed" -> assertThat(cairn.listBackups("shop")).hasSize(backups);
        default -> throw new AssertionError("nobody knows what this means: " + question);
      }
      backups = cairn.listBackups("shop").size();
    }

    private void damage() {
      for (int i = 0; i < 7; i++) {
        cairn.delete("shop", "products", Cairn.itemId(i));
      }
      for (int i = 10; i < 13; i++) {
        cairn.save("shop", "products", Cairn.itemId(i), "{\"mark\":\"bad\"}");
      }
      cairn.save("shop", "products", "zz-1", "{}");
      cairn.save("shop", "products", "zz-2", "{}");
      cairn.createCollection("shop", "later");
      cairn.save("shop", "later", "stays", "{}");
      damaged = Content.of(cairn, "shop");
    }

    /** What the backup holds is there again, and what it does not hold is as it was. */
    private void requireContent(int places, Content expected) {
      Content now = Content.of(cairn, "shop");
      assertThat(now.places()).hasSize(places);
      expected
          .places()
          .forEach((place, items) -> assertThat(now.places().get(place)).isEqualTo(items));
      assertThat(cairn.count("shop", "later")).isEqualTo(1);
    }

    private void backUp(String description) {
      String id =
          cairn
              .backups()
              .createBackup(
                  CreateBackupRequest.newBuilder()
                      .setSiteId("shop")
                      .setDescription(description)
                      .build())
              .getBackup()
              .getId();
      Backup made = cairn.awaitVerified("shop", id);
      assertThat(made.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
      assertThat(made.getType()).isEqualTo(BackupType.BACKUP_TYPE_ON_DEMAND);
    }
  }

  private static void requireOrSkip(String what, boolean there) {
    String required = System.getenv("IT_REQUIRED");
    if (required != null && List.of(required.split("[ ,]")).contains("console")) {
      assertThat(there).as(what).isTrue();
    }
    assumeThat(there).as(what).isTrue();
  }

  /** Installs Chromium where that is this system's own way and nobody is asked for a password. */
  private static boolean chromium() {
    if (Files.isExecutable(CHROMIUM)) {
      return true;
    }
    Path here = Path.of(".");
    return Files.isExecutable(Path.of("/usr/bin/apt-get"))
        && "root".equals(System.getProperty("user.name"))
        && run(here, "apt-get", "update", "-qq")
        && run(here, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        && Files.isExecutable(CHROMIUM);
  }

  /** Installed once and kept beside the build's other products. */
  private static boolean packages(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path source = Settings.root().resolve("it/src/test/resources/console/package.json");
    Path copy = directory.resolve("package.json");
    if (Files.isDirectory(directory.resolve("node_modules/playwright-core"))
        && Files.exists(copy)
        && Files.mismatch(source, copy) < 0) {
      return true;
    }
    Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING);
    return run(
        directory,
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--fetch-retries=1",
        "--fetch-timeout=30000");
  }

  /** Runs a program; whether it did what it should. */
  private static boolean run(Path directory, String... command) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
      Process process = builder.start();
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return false;
      }
      return process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
