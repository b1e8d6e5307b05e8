package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.StoredItem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

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
  void itemIsTheSameAsBytes(byte @NotNull [] value) {
    ByteBuffer key = ByteBuffer.wrap(ItemCodec.key(1, "id"));
    try {
      ItemBytes bytes = ItemCodec.bytes(key, ByteBuffer.wrap(value));
      StoredItem item = ItemCodec.decode("id", value);
      assertThat(UTF_8.decode(bytes.id()).toString()).isEqualTo("id");
      assertThat(UTF_8.decode(bytes.owner()).toString()).isEqualTo(item.owner());
      assertThat(bytes.data()).isEqualTo(item.data().asReadOnlyByteBuffer());
      assertThat(bytes.createTime()).isEqualTo(item.createTime());
      assertThat(bytes.updateTime()).isEqualTo(item.updateTime());
      assertThat(bytes.revision()).isEqualTo(item.revision());
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
      assertThatThrownBy(() -> ItemCodec.decode("id", value)).isInstanceOf(ServiceException.class);
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
