package dev.cairn.server.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.ServerUnderTest;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.rocksdb.EngineSettings;
import dev.cairn.server.store.rocksdb.RocksStoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenBackupsTest {
  private static final long MIB = 1 << 20;

  @TempDir Path data;
  private ServerUnderTest server;
  private StoreEngine engine;
  private StorePool pool;
  private OpenBackups open;
  private BackupRecord backup;

  @BeforeEach
  void start() {
    server = ServerUnderTest.withSite(data);
    engine =
        new RocksStoreEngine(new EngineSettings(32 * MIB, 8 * MIB, 500 * MIB, 2, 16, 64, 64 * MIB));
    pool = new StorePool(engine::openReadOnly, 4, server.clock);
    open = new OpenBackups(server.repository, pool);
    server.fill("cities", 5, "old");
    backup = server.backupRecord(server.backup());
  }

  @AfterEach
  void stop() {
    open.close();
    engine.close();
    server.close();
  }

  @Test
  void keepsTheFilesOfADeletedBackupUntilItsLastReaderHasGone() {
    Lease first = open.open(backup.repositoryKey());
    Lease second = open.open(backup.repositoryKey());

    open.delete(backup.repositoryKey());

    assertThatThrownBy(() -> open.open(backup.repositoryKey()))
        .asInstanceOf(type(ServiceException.class))
        .extracting(ServiceException::reason)
        .isEqualTo(Reason.BACKUP_NOT_FOUND);
    first.close();
    assertThat(server.filesOf(backup.id())).exists();
    assertThat(second.store().get(ServerUnderTest.id("cities"), "3")).isPresent();
    second.close();
    assertThat(server.filesOf(backup.id())).doesNotExist();
    assertThat(pool.openCount()).isZero();
  }

  @Test
  void deletesWhatNobodyReadsAtOnce() {
    open.open(backup.repositoryKey()).close();

    open.delete(backup.repositoryKey());

    assertThat(server.filesOf(backup.id())).doesNotExist();
    assertThat(pool.openCount()).isZero();
    open.delete(backup.repositoryKey());
  }

  @Test
  void changesNothingInABackupThatIsRead() {
    try (Lease lease = open.open(backup.repositoryKey())) {
      assertThat(lease.store().collections()).hasSize(1);
    }

    server.repository.verify(backup.repositoryKey(), (bytes, files) -> {});
  }

  @Test
  void closesWhatWasNotReadForAWhile() {
    open.open(backup.repositoryKey()).close();
    assertThat(pool.openCount()).isOne();

    server.clock.advance(Duration.ofMinutes(2));
    open.closeIdle(Duration.ofMinutes(1));

    assertThat(pool.openCount()).isZero();
    try (Lease lease = open.open(backup.repositoryKey())) {
      assertThat(lease.store().get(ServerUnderTest.id("cities"), "1")).isPresent();
    }
  }
}
