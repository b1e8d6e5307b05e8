package dev.cairn.server.restore;

import com.google.protobuf.ByteString;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.StorageFailures;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole backup as the next generation of the site: hard links of its table files, opened, in
 * time that does not depend on its size. Only for a restoration that leaves nothing of the old
 * content in place.
 */
final class StagedGeneration implements Staging {
  private static final Logger log = LoggerFactory.getLogger(StagedGeneration.class);

  private final DurableFiles files;
  private final Path directory;
  private final long number;
  private final Set<CollectionId> replaced;
  private final ItemStore store;
  private boolean handedOver;

  /** Of what was live before: its database is closed and its files go with the last lease. */
  private @Nullable Lease before;

  private StagedGeneration(
      DurableFiles files,
      Path directory,
      long number,
      Set<CollectionId> replaced,
      ItemStore store) {
    this.files = files;
    this.directory = directory;
    this.number = number;
    this.replaced = replaced;
    this.store = store;
  }

  /**
   * Clones the backup and opens the clone.
   *
   * @param directory of the generation {@code number}; what an earlier try left there is removed
   * @param restored the collections that the backup holds, all of them put back
   * @param removed the collections that the restoration removes
   */
  static StagedGeneration make(
      StoreEngine engine,
      DurableFiles files,
      Path backup,
      Path directory,
      long number,
      Set<CollectionId> restored,
      Set<CollectionId> removed,
      RestorationId id) {
    remove(files, directory);
    Set<CollectionId> replaced = new HashSet<>(restored);
    replaced.addAll(removed);
    boolean made = false;
    try {
      engine.cloneDatabase(backup, directory);
      ItemStore store = engine.open(directory);
      StagedGeneration staged =
          new StagedGeneration(files, directory, number, Set.copyOf(replaced), store);
      try (ItemTransaction transaction = store.begin()) {
        // One that never had an item may lack in the backup's content; here each has its place.
        restored.forEach(transaction::create);
        transaction.putMarker(MARKER, ByteString.copyFromUtf8(id.value()));
        transaction.commit(Durability.SYNCED);
        made = true;
      } finally {
        if (!made) {
          store.close();
        }
      }
      return staged;
    } finally {
      if (!made) {
        removeOrLeave(files, directory);
      }
    }
  }

  @Override
  public Map<CollectionId, CollectionStats> contents() {
    return store.collections();
  }

  @Override
  public boolean fits(SiteSection section) {
    try (Lease lease = section.lease(Environment.LIVE)) {
      Map<CollectionId, CollectionStats> live = lease.store().collections();
      return section.collections().all().stream()
          .map(CollectionRecord::id)
          .allMatch(
              id ->
                  replaced.contains(id)
                      || live.getOrDefault(id, CollectionStats.EMPTY).itemCount() == 0);
    }
  }

  @Override
  public void commit(SiteSection section) {
    before = section.lease(Environment.LIVE);
    handedOver = true;
    section.switchTo(number, store);
  }

  @Override
  public void close() {
    if (!handedOver) {
      handedOver = true;
      store.close();
      removeOrLeave(files, directory);
    }
    if (before != null) {
      before.close();
    }
  }

  private static void remove(DurableFiles files, Path directory) {
    try {
      files.deleteTree(directory);
    } catch (IOException e) {
      throw StorageFailures.of("remove staged content", e);
    }
  }

  private static void removeOrLeave(DurableFiles files, Path directory) {
    try {
      files.deleteTree(directory);
    } catch (IOException e) {
      log.warn("staged content remains until the next restoration or start", e);
    }
  }
}
