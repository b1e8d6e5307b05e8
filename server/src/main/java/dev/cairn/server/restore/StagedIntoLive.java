package dev.cairn.server.restore;

import com.google.protobuf.ByteString;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StagedCollections;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Chosen collections, copied into the live database under numbers that no name leads to yet. All
 * other collections serve on, writes included.
 */
final class StagedIntoLive implements Staging {
  private final Lease lease;
  private final StagedCollections staged;
  private final Set<CollectionId> removed;
  private final RestorationId id;

  private StagedIntoLive(
      Lease lease, StagedCollections staged, Set<CollectionId> removed, RestorationId id) {
    this.lease = lease;
    this.staged = staged;
    this.removed = removed;
    this.id = id;
  }

  /**
   * Copies the collections.
   *
   * @param live a lease on the live database; closed with the staging
   * @param removed the collections to remove when the copies become visible
   */
  static StagedIntoLive make(
      Lease live,
      ItemStore backup,
      Map<CollectionId, CollectionId> copies,
      Set<CollectionId> removed,
      Path scratch,
      RestorationId id,
      CopyListener listener) {
    boolean made = false;
    try {
      StagedCollections staged = live.store().stage(backup, copies, scratch, listener);
      made = true;
      return new StagedIntoLive(live, staged, removed, id);
    } finally {
      if (!made) {
        live.close();
      }
    }
  }

  @Override
  public Map<CollectionId, CollectionStats> contents() {
    return staged.contents();
  }

  @Override
  public boolean fits(SiteSection section) {
    return true;
  }

  @Override
  public void commit(SiteSection section) {
    section.write(
        Environment.LIVE,
        transaction -> {
          transaction.replace(staged);
          removed.forEach(transaction::drop);
          transaction.putMarker(MARKER, ByteString.copyFromUtf8(id.value()));
          return Boolean.TRUE;
        });
  }

  @Override
  public void close() {
    try (lease) {
      staged.close();
    }
  }
}
