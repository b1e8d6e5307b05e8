package dev.cairn.server.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.StoredItem;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/** Whatever a database's files hold is read, or called damaged. */
class StoredBytesFuzzTest {
  @FuzzTest
  void logIsSoundOrDamaged(byte @NotNull [] log) throws IOException {
    try {
      LogFiles.verify(new ByteArrayInputStream(log));
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
    }
  }

  @FuzzTest
  void itemIsReadOrDamaged(byte @NotNull [] value) {
    try {
      StoredItem item = ItemCodec.decode("id", value);
      assertThat(ItemCodec.decode("id", ItemCodec.encode(item))).isEqualTo(item);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
    }
  }

  @FuzzTest
  void rowOfACollectionIsReadOrDamaged(byte @NotNull [] value) {
    try {
      assertThat(CollectionRow.decode(value).encode()).isEqualTo(value);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
    }
  }
}
