package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;

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

  private static <T> void read(byte[] bytes, Class<T> type) {
    try {
      T record = CatalogCodec.decode("key", ByteString.copyFrom(bytes), type);
      assertThat(record).isNotNull();
      assertThat(CatalogCodec.decode("key", CatalogCodec.encode(record), type)).isEqualTo(record);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
    }
  }
}
