package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupUsage;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteUsage;
import dev.cairn.v1.SiteView;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SiteUsageTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data, "store.idle-close", "1s");
    server.hasSite("shop").hasCollection("shop", "products").hasItems("shop", "products", 2_000);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void saysWhatASiteOccupiesOnlyWhenAsked() {
    Backup backup = server.makeBackup("shop");

    assertThat(site(SiteView.SITE_VIEW_BASIC).hasUsage()).isFalse();
    SiteUsage usage = site(SiteView.SITE_VIEW_USAGE).getUsage();

    assertThat(usage.getLiveItemCount()).isEqualTo(2_000);
    assertThat(usage.getSandboxItemCount()).isZero();
    assertThat(usage.getLiveSizeBytes()).isPositive();
    assertThat(usage.getBackupSizeBytes()).isPositive();
    assertThat(usage.getTotalSizeBytes())
        .isEqualTo(
            usage.getLiveSizeBytes() + usage.getSandboxSizeBytes() + usage.getBackupSizeBytes());
    assertThat(usage.getBackupsList())
        .extracting(BackupUsage::getBackupId)
        .containsExactly(backup.getId());
    BackupUsage row = usage.getBackups(0);
    assertThat(row.getExclusiveSizeBytes()).isPositive().isLessThan(row.getSizeBytes());
    assertThat(usage.hasMeasureTime()).isTrue();
    assertThat(server.backup("shop", backup.getId()).getExclusiveSizeBytes())
        .isEqualTo(row.getExclusiveSizeBytes());
  }

  @Test
  void measuresBackupsFromTimeToTime() {
    Backup first = server.makeBackup("shop");
    server.hasItems("shop", "products", 2_000);
    Backup second = server.makeBackup("shop");
    long shared = server.backup("shop", second.getId()).getExclusiveSizeBytes();

    Restoration back = server.restore(first); // live no longer has what came later
    server
        .backups()
        .deleteBackup(
            DeleteBackupRequest.newBuilder()
                .setSiteId("shop")
                .setBackupId(back.getSafetyBackupId())
                .build());

    TestServer.eventually(
        () -> server.backup("shop", second.getId()).getExclusiveSizeBytes() > shared);
  }

  private Site site(SiteView view) {
    return server
        .sites()
        .getSite(GetSiteRequest.newBuilder().setSiteId("shop").setView(view).build())
        .getSite();
  }
}
