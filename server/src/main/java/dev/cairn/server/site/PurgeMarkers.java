package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.ItemTransaction;
import java.time.Instant;
import java.util.Map;

/** Forgets requests and imports last seen before {@code before}; answers how many. */
record PurgeMarkers(SiteId siteId, Environment environment, Instant before)
    implements ContentCommand<Integer> {

  @Override
  public Integer apply(ItemTransaction transaction, SiteCollections collections) {
    int purged = 0;
    for (Map.Entry<String, ByteString> entry :
        transaction.markers(SaveItems.REQUEST_MARKER).entrySet()) {
      Instant seen =
          CatalogCodec.decode(entry.getKey(), entry.getValue(), SaveItems.Answer.class).time();
      purged += purge(transaction, entry.getKey(), seen);
    }
    for (Map.Entry<String, ByteString> entry : transaction.markers(ImportBatch.MARKER).entrySet()) {
      Instant seen =
          CatalogCodec.decode(entry.getKey(), entry.getValue(), ImportProgress.class).time();
      purged += purge(transaction, entry.getKey(), seen);
    }
    return purged;
  }

  private int purge(ItemTransaction transaction, String key, Instant seen) {
    if (seen.isBefore(before)) {
      transaction.deleteMarker(key);
      return 1;
    }
    return 0;
  }
}
