package dev.cairn.server.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

class FailuresTest {
  private static final String PATH = "/srv/data/000012.sst";

  @Test
  void callsCorruptionDamage() {
    assertThat(Failures.of("read", failure(Status.Code.Corruption, Status.SubCode.None)).reason())
        .isEqualTo(Reason.DATA_CORRUPT);
  }

  @Test
  void callsAFullDiskFull() {
    assertThat(Failures.of("write", failure(Status.Code.IOError, Status.SubCode.NoSpace)).reason())
        .isEqualTo(Reason.DISK_FULL);
    assertThat(
            Failures.of("write", new RocksDBException(PATH + ": No space left on device")).reason())
        .isEqualTo(Reason.DISK_FULL);
    assertThat(Failures.of("write", new IOException(PATH + ": No space left on device")).reason())
        .isEqualTo(Reason.DISK_FULL);
  }

  @Test
  void doesNotSayThatNothingWasChangedByAWriteThatCouldNotBeForced() {
    RocksDBException notForced =
        new RocksDBException("While fdatasync: " + PATH + ": No space left on device");
    RocksDBException notWritten =
        new RocksDBException("While appending to file: /rsync/1.log: No space left on device");

    assertThat(Failures.ofWriting(notForced).reason()).isEqualTo(Reason.STORAGE_FAILED);
    assertThat(Failures.ofWriting(notWritten).reason()).isEqualTo(Reason.DISK_FULL);
  }

  @Test
  void callsAllElseAFailureOfTheStorage() {
    assertThat(Failures.of("read", failure(Status.Code.IOError, Status.SubCode.None)).reason())
        .isEqualTo(Reason.STORAGE_FAILED);
    assertThat(Failures.of("read", new RocksDBException(PATH)).reason())
        .isEqualTo(Reason.STORAGE_FAILED);
    assertThat(Failures.of("read", new IOException(PATH)).reason())
        .isEqualTo(Reason.STORAGE_FAILED);
  }

  @Test
  void callsWhatIsMissingWhenOpeningDamaged() {
    assertThat(
            Failures.whileOpening(
                    new RocksDBException(
                        "No such file or directory: " + PATH,
                        new Status(Status.Code.IOError, Status.SubCode.None, PATH)))
                .reason())
        .isEqualTo(Reason.DATA_CORRUPT);
    assertThat(Failures.whileOpening(failure(Status.Code.IOError, Status.SubCode.NoSpace)).reason())
        .isEqualTo(Reason.DISK_FULL);
  }

  @Test
  void keepsPathsOutOfMessagesButInTheCause() {
    RocksDBException cause = new RocksDBException("While open: " + PATH);

    assertThat(Failures.of("read", cause)).hasMessageNotContaining("/").hasCause(cause);
  }

  private static RocksDBException failure(Status.Code code, Status.SubCode subCode) {
    return new RocksDBException(PATH, new Status(code, subCode, PATH));
  }
}
