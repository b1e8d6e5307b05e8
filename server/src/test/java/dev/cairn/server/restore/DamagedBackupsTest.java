package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Verification;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.Damage.Kind;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any damage of any file of a backup is found, by a verification and by a restoration alike, before
 * a file of the live content is touched; the file is named; and the backup is restored only by who
 * says that it may be. {@code -Ddamage.count=10000} damages so often; every damage is followed by a
 * repair, after which the backup is sound again.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class DamagedBackupsTest {
  private static final int EACH_SERVER = 50;

  /** One in so many is restored in spite of its damage. */
  private static final int ALLOWED = 25;

  /** What a restoration may do before the backup is found sound. */
  private static final Pattern HARMLESS =
      Pattern.compile(
          ".* (write to the catalog|read a manifest|(verify|verifying|measure) a backup).*");

  private static final SiteId COPY = new SiteId("copy");

  @TempDir Path directory;
  private final List<String> steps = new ArrayList<>();
  private final Map<String, Integer> tally = new TreeMap<>();
  private Random random = new Random(0);

  @Test
  void anyDamageIsFoundBeforeLiveContentIsTouched() throws IOException {
    long seed = Long.getLong("damage.seed", System.nanoTime());
    int count = Integer.getInteger("damage.count", 4 * EACH_SERVER);
    System.out.println("DamagedBackupsTest: -Ddamage.seed=" + seed + " -Ddamage.count=" + count);
    random = new Random(seed);
    for (int left = count; left > 0; left -= EACH_SERVER) {
      Path disk = directory.resolve("server");
      try (ServerUnderTest server = ServerUnderTest.on(disk).steps(steps::add).start()) {
        List<BackupId> backups = prepare(server);
        for (int i = 0; i < Math.min(left, EACH_SERVER); i++) {
          damage(server, backups, Kind.SINGLE_BYTE);
          if (i % 5 == 0) {
            damage(server, backups, List.of(Kind.values()));
          }
        }
        for (BackupId each : backups) {
          completed(server.restore(each));
          assertThat(server.content()).containsAllEntriesOf(server.contentOf(each));
        }
        server.assertSound();
      }
      ServerUnderTest.deleteTree(disk);
    }
    System.out.println("damaged, found, refused and repaired: " + tally);
  }

  /** Backups of all, of more in more files, and of a part. */
  private List<BackupId> prepare(ServerUnderTest server) {
    server.createSite();
    server.fill("books", 40, "old");
    server.fill("films", 30, "x".repeat(1_000 + random.nextInt(3_000)));
    BackupId first = server.backup();
    server.saveAll("books", 50, "newer" + random.nextInt());
    BackupId second = server.backup();
    server.saveAll("films", 10, "newest");
    BackupId third = server.backup("films");
    server.saveAll("books", 20, "now");
    return List.of(first, second, third);
  }

  private void damage(ServerUnderTest server, List<BackupId> backups, List<Kind> kinds)
      throws IOException {
    int chosen = random.nextInt(backups.size());
    BackupId backup = backups.get(chosen);
    Kind kind = kinds.get(random.nextInt(kinds.size()));
    Optional<Damage> inflicted =
        Damage.inflict(
            kind,
            server.filesOf(backup),
            server.filesOf(backups.get((chosen + 1) % backups.size())),
            directory.resolve("kept"),
            random);
    if (inflicted.isEmpty()) {
      damage(server, backups, kinds);
      return;
    }
    Damage damage = inflicted.get();
    try {
      check(server, backup, damage);
      damage.repair();
      verify(server, backup);
      assertThat(verification(server, backup).state()).isEqualTo(Verification.State.VERIFIED);
      tally.merge(kind + " " + classOf(damage), 1, Integer::sum);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(damage + ": " + e.getMessage(), e);
    }
  }

  private void check(ServerUnderTest server, BackupId backup, Damage damage) {
    Map<String, List<StoredItem>> before = server.content();
    steps.clear();
    List<BackupId> safety = server.ready(BackupType.SAFETY);

    if (random.nextBoolean()) {
      RestorationRecord failed = server.start(someRestoration(backup));
      assertThat(failed.state()).isEqualTo(RestorationState.FAILED);
      assertThat(failed.failure().orElseThrow().reason()).isEqualTo(Reason.BACKUP_CORRUPT);
      assertFound(server, backup, damage);
    }
    verify(server, backup);
    assertFound(server, backup, damage);
    assertFails(Reason.BACKUP_CORRUPT, () -> server.start(someRestoration(backup)));

    assertThat(steps).allMatch(step -> HARMLESS.matcher(step).matches());
    assertThat(server.content()).isEqualTo(before);
    assertThat(server.ready(BackupType.SAFETY)).isEqualTo(safety);
    assertThat(server.siteIds()).containsExactly(SITE.value());
    if (random.nextInt(ALLOWED) == 0) {
      restoreAllTheSame(server, backup);
      assertThat(server.content()).isEqualTo(before);
    }
  }

  /** What can be read is restored, and can be undone; or nothing is. */
  private static void restoreAllTheSame(ServerUnderTest server, BackupId backup) {
    RestorationRecord record =
        server.start(
            new Restorations.Request(
                SITE, backup, List.of(), VerificationMode.CHECKSUMS, true, "", Optional.empty()));
    if (record.state() == RestorationState.COMPLETED) {
      completed(server.undo(record));
    }
  }

  private Restorations.Request someRestoration(BackupId backup) {
    return switch (random.nextInt(3)) {
      case 0 -> ServerUnderTest.wish(backup);
      case 1 -> ServerUnderTest.wish(backup, only("films"));
      default ->
          new Restorations.Request(
              SITE,
              backup,
              List.of(),
              Optional.of(COPY),
              VerificationMode.CHECKSUMS,
              false,
              Optional.empty(),
              "",
              Optional.empty());
    };
  }

  private static void assertFound(ServerUnderTest server, BackupId backup, Damage damage) {
    Verification found = verification(server, backup);
    assertThat(found.state()).isEqualTo(Verification.State.CORRUPT);
    assertThat(damage.names()).anyMatch(name -> found.detail().contains("file " + name + ":"));
  }

  private static void verify(ServerUnderTest server, BackupId backup) {
    server.backups.verify(SITE, backup);
  }

  private static Verification verification(ServerUnderTest server, BackupId backup) {
    return server.backupRecord(backup).verification();
  }

  private static String classOf(Damage damage) {
    String name = damage.names().stream().sorted().findFirst().orElseThrow();
    return name.replaceAll("-?\\d+", "");
  }
}
