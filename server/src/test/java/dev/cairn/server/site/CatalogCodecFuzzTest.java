package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.schedule.BackupSchedule;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationChange;
import dev.cairn.server.restore.RestorationRecord;
import java.util.Optional;

/** Whatever the catalog holds is a record, or called damaged. */
class CatalogCodecFuzzTest {
  @FuzzTest
  void collectionIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, CollectionRecord.class);
  }

  @FuzzTest
  void siteIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, SiteRecord.class);
  }

  @FuzzTest
  void backupIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, BackupRecord.class);
  }

  @FuzzTest
  void restorationIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, RestorationRecord.class);
  }

  @FuzzTest
  void scheduleIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, BackupSchedule.class);
  }

  /** An event, and the change in it, which is read later. */
  @FuzzTest
  void eventIsReadOrDamaged(byte @NotNull [] bytes) {
    read(bytes, EventRecord.class)
        .ifPresent(
            event -> {
              readChange(event, BackupChange.class);
              readChange(event, RestorationChange.class);
            });
  }

  private static <T> void readChange(EventRecord event, Class<T> type) {
    try {
      assertThat(event.change(type)).isNotNull();
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
    }
  }

  private static <T> Optional<T> read(byte[] bytes, Class<T> type) {
    try {
      T record = CatalogCodec.decode("key", ByteString.copyFrom(bytes), type);
      assertThat(record).isNotNull();
      // By its bytes: a number in the tree of an event may be of another class when it comes back.
      ByteString encoded = CatalogCodec.encode(record);
      assertThat(CatalogCodec.encode(CatalogCodec.decode("key", encoded, type))).isEqualTo(encoded);
      return Optional.of(record);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
      return Optional.empty();
    }
  }
}
