package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupUsage;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.Environment;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SiteUsage;
import dev.cairn.v1.SiteView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a site says that it occupies, and what deleting a backup frees, against what du says. */
class SiteUsageIT {
  private static final long SEED = Settings.number("it.seed", System.nanoTime());
  private static final String SITE = "shop";
  private static final int ITEMS = 4_000;
  private static final Duration LONG = Duration.ofSeconds(30);

  /** Directories have a size of their own for du, and the engine keeps a diary. */
  private static final long SLACK = 128 << 10;

  private static final double PERCENT = 0.03;

  @RegisterExtension final Servers servers = new Servers();

  private final Random random = new Random(SEED);

  @Test
  void usageIsWhatTheFileSystemSays() {
    CairnProcess server = servers.start("--backup.on-demand-limit=10");
    Path live = server.dataDirectory().resolve("sites").resolve(SITE);
    Path backups = server.dataDirectory().resolve("backups").resolve(SITE);
    try (Cairn cairn = server.connect()) {
      cairn.createSite(SITE, List.of("things", "others"));
      save(cairn, "things", 0, ITEMS);
      Backup first = cairn.verifiedBackup(SITE);
      save(cairn, "things", ITEMS / 2, ITEMS);
      cairn.verifiedBackup(SITE);
      save(cairn, "others", 0, ITEMS / 2);
      saveInSandbox(cairn);
      cairn.verifiedBackup(SITE);
      // From here on the newer backups hold files that nothing else does.
      cairn.restore(SITE, first.getId());
      assertUsage(cairn, live, backups);

      List<Long> freed = new ArrayList<>();
      for (BackupUsage row : usage(cairn).getBackupsList()) {
        freed.add(deleteAndCompare(cairn, row.getBackupId(), live, backups));
        assertUsage(cairn, live, backups);
      }
      System.out.println("SiteUsageIT: seed " + SEED + ", deleting each backup freed " + freed);
      assertThat(freed).hasSize(4).anyMatch(bytes -> bytes > 1 << 20);
      assertThat(usage(cairn).getBackupsList()).isEmpty();
    }
  }

  private static void assertUsage(Cairn cairn, Path live, Path backups) {
    // The engine writes and removes files in the background: look again until it is at rest.
    Wait.untilAsserted(
        LONG,
        () -> {
          SiteUsage usage = usage(cairn);
          long sandbox = du(live.resolve("sandbox"));
          assertNear("live", usage.getLiveSizeBytes(), du(live) - sandbox);
          assertNear("sandbox", usage.getSandboxSizeBytes(), sandbox);
          assertNear("backups", usage.getBackupSizeBytes(), du(live, backups) - du(live));
          assertNear("total", usage.getTotalSizeBytes(), du(live, backups));
        });
  }

  /** Deletes it and answers what that freed, having compared it with what was said before. */
  private static long deleteAndCompare(Cairn cairn, String id, Path live, Path backups) {
    long[] freed = {0};
    long said =
        usage(cairn).getBackupsList().stream()
            .filter(each -> each.getBackupId().equals(id))
            .findFirst()
            .orElseThrow()
            .getExclusiveSizeBytes();
    long before = du(live, backups);
    cairn
        .backups()
        .deleteBackup(DeleteBackupRequest.newBuilder().setSiteId(SITE).setBackupId(id).build());
    Wait.untilAsserted(
        LONG,
        () -> {
          freed[0] = before - du(live, backups);
          assertNear("freed by " + id, said, freed[0]);
        });
    return freed[0];
  }

  private static SiteUsage usage(Cairn cairn) {
    return cairn
        .sites()
        .getSite(
            GetSiteRequest.newBuilder().setSiteId(SITE).setView(SiteView.SITE_VIEW_USAGE).build())
        .getSite()
        .getUsage();
  }

  private static void assertNear(String what, long said, long measured) {
    assertThat(said)
        .as("%s, seed %s", what, SEED)
        .isCloseTo(measured, Offset.offset((long) (measured * PERCENT) + SLACK));
  }

  private void save(Cairn cairn, String collection, int from, int to) {
    List<Item> items = new ArrayList<>();
    for (int i = from; i < to; i++) {
      items.add(item(i));
    }
    cairn.saveAll(SITE, collection, items);
  }

  private void saveInSandbox(Cairn cairn) {
    for (int i = 0; i < 500; i++) {
      cairn
          .items()
          .saveItem(
              SaveItemRequest.newBuilder()
                  .setSiteId(SITE)
                  .setCollectionId("things")
                  .setEnvironment(Environment.ENVIRONMENT_SANDBOX)
                  .setItem(item(i))
                  .build());
    }
  }

  /** About a kilobyte that no compression makes small. */
  private Item item(int number) {
    StringBuilder text = new StringBuilder();
    while (text.length() < 1_000) {
      text.append(Long.toHexString(random.nextLong()));
    }
    return Item.newBuilder()
        .setId(Cairn.itemId(number))
        .setData(ByteString.copyFromUtf8("{\"text\":\"" + text + "\"}"))
        .build();
  }

  /** Bytes on disk of these directories together; a file with several names counts once. */
  private static long du(Path... directories) {
    List<String> command = new ArrayList<>(List.of("du", "-s", "-c", "-B1"));
    Arrays.stream(directories).filter(Files::isDirectory).map(Path::toString).forEach(command::add);
    if (command.size() == 4) {
      return 0;
    }
    try {
      Process du = new ProcessBuilder(command).redirectErrorStream(false).start();
      String output = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      String total =
          output.lines().filter(line -> line.endsWith("total")).findFirst().orElse("0\ttotal");
      return Long.parseLong(total.substring(0, total.indexOf('\t')));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
