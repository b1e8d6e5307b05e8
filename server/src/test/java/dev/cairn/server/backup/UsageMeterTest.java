package dev.cairn.server.backup;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.server.restore.RestorationRecord;
import dev.cairn.server.restore.ServerUnderTest;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Threads;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsageMeterTest {
  private static final int ITEMS = 400;
  private static final int ITEM_BYTES = 4_000;
  private static final long CONTENT_BYTES = (long) ITEMS * ITEM_BYTES / 2;

  @TempDir Path data;
  private final Random random = new Random(7);
  private ServerUnderTest server;
  private UsageMeter meter;

  @BeforeEach
  void start() {
    server = ServerUnderTest.withSite(data);
    meter = new UsageMeter(server.sites, server.backups, new SiteLayout(data), server.clock);
    server.createCollection("cities");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void countsForLiveWhatABackupSharesWithIt() {
    fill();
    BackupId backup = server.backup();

    SiteUsage usage = meter.measure(SITE);

    assertThat(usage.live().itemCount()).isEqualTo(ITEMS);
    assertThat(usage.live().bytes()).isGreaterThan(CONTENT_BYTES);
    assertThat(usage.backupBytes()).isLessThan(CONTENT_BYTES / 2);
    assertThat(usage.backups()).extracting(SiteUsage.OfBackup::id).containsExactly(backup);
    assertThat(usage.backups().get(0).bytes()).isGreaterThan(CONTENT_BYTES);
    assertThat(usage.backups().get(0).exclusiveBytes()).isLessThan(CONTENT_BYTES / 2);
  }

  @Test
  void countsForBackupsWhatLiveHasNoLonger() {
    fill();
    BackupId first = server.backup();
    fill();
    BackupId second = server.backup();
    RestorationRecord back = server.restore(first); // live no longer has what came later
    BackupId safety = back.safetyBackupId().orElseThrow();

    SiteUsage shared = meter.measure(SITE);
    server.backups.delete(SITE, safety, "");
    SiteUsage alone = meter.measure(SITE);

    assertThat(shared.backupBytes()).isGreaterThan(CONTENT_BYTES);
    assertThat(of(shared, second).exclusiveBytes()).isLessThan(CONTENT_BYTES / 2);
    assertThat(of(alone, second).exclusiveBytes()).isGreaterThan(CONTENT_BYTES);
    assertThat(of(alone, first).exclusiveBytes()).isLessThan(CONTENT_BYTES / 2);
    assertThat(server.backupRecord(second).exclusiveBytes())
        .isEqualTo(of(alone, second).exclusiveBytes());
  }

  @Test
  void countsSandboxForItself() {
    fill();
    server.saveInSandbox("cities", "1", "draft");

    SiteUsage usage = meter.measure(SITE);

    assertThat(usage.sandbox().itemCount()).isEqualTo(1);
    assertThat(usage.sandbox().bytes()).isBetween(1L, 500_000L);
    assertThat(usage.live().itemCount()).isEqualTo(ITEMS);
    assertThat(usage.totalBytes())
        .isEqualTo(usage.live().bytes() + usage.sandbox().bytes() + usage.backupBytes());
  }

  @Test
  void doesNotCountItemsOfADeletedCollection() {
    server.fill("rivers", 10, "x");
    server.deleteCollection("rivers");

    assertThat(meter.measure(SITE).live().itemCount()).isZero();
  }

  @Test
  void leavesEtagsAsTheyAre() {
    fill();
    BackupId backup = server.backup();
    fill();
    BackupRecord before = server.backupRecord(backup);

    server.backups.measure(SITE);
    meter.measure(SITE);

    assertThat(Backups.etag(server.backupRecord(backup))).isEqualTo(Backups.etag(before));
    assertThat(server.backupRecord(backup).state()).isEqualTo(BackupState.READY);
  }

  /** {@code du} itself, where there is one. */
  @Test
  void agreesWithDu() throws IOException, InterruptedException {
    assumeTrue(du(data) > 0, "no du here");
    fill();
    server.backup();
    fill();
    server.backup();
    server.saveInSandbox("cities", "1", "draft");
    BackupId last = server.backup();
    fill();
    server.restore(last);
    SiteLayout layout = new SiteLayout(data);
    Path backups = layout.backups().resolve(SITE.value());

    SiteUsage usage = meter.measure(SITE);

    assertThat(usage.totalBytes()).isCloseTo(du(layout.site(SITE), backups), withPercentage(3));
    assertThat(usage.live().bytes() + usage.sandbox().bytes())
        .isCloseTo(du(layout.site(SITE)), withPercentage(3));
    long before = du(layout.site(SITE), backups);
    for (SiteUsage.OfBackup backup : usage.backups()) {
      server.backups.delete(SITE, backup.id(), "");
    }
    long freed = before - du(layout.site(SITE), backups);
    assertThat(usage.backupBytes()).isCloseTo(freed, withPercentage(3));
    assertThat(meter.measure(SITE).backupBytes()).isCloseTo(0, within(10_000L));
  }

  private static long du(Path... directories) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("du", "-sc", "--block-size=1"));
    for (Path directory : directories) {
      command.add(directory.toString());
    }
    Process process;
    try {
      process = new ProcessBuilder(command).start();
    } catch (IOException e) {
      return 0;
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      return 0;
    }
    return output
        .lines()
        .filter(line -> line.endsWith("\ttotal"))
        .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf('\t'))))
        .findFirst()
        .orElse(0);
  }

  private static SiteUsage.OfBackup of(SiteUsage usage, BackupId id) {
    return usage.backups().stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  /** Replaces every item by one that cannot be compressed much. */
  private void fill() {
    List<ItemWrite> writes = new ArrayList<>();
    for (int i = 0; i < ITEMS; i++) {
      byte[] bytes = new byte[ITEM_BYTES / 2];
      random.nextBytes(bytes);
      writes.add(ServerUnderTest.write("i" + i, HexFormat.of().formatHex(bytes)));
    }
    Threads.join(
        server.items.save(ServerUnderTest.place("cities"), writes, ServerUnderTest.OPTIONS));
    server.clock.advance(Duration.ofSeconds(1));
  }
}
