package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import dev.cairn.client.CairnClient;
import dev.cairn.client.Watch;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.VerificationMode;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** One site and what is done with it, each call waiting until it is over. */
record CairnSite(CairnClient client, String id) {
  /** How many items change before each backup. */
  static final int CHANGES = 100;

  static CairnSite create(CairnClient client, String id) {
    var unused = client.sites().create(CreateSiteRequest.newBuilder().setSiteId(id).build());
    return new CairnSite(client, id);
  }

  void delete() {
    client.sites().delete(DeleteSiteRequest.newBuilder().setSiteId(id).setForce(true).build());
  }

  static Item item(int collection, int index) {
    return Item.newBuilder()
        .setId(Dataset.id(index))
        .setOwner(Dataset.owner(index))
        .setData(ByteString.copyFrom(Dataset.document(collection, index)))
        .build();
  }

  /** Imports all items, one collection after the other. */
  void load(Dataset dataset) {
    Dataset.COLLECTIONS.forEach(collection -> load(collection, dataset.itemsPerCollection()));
  }

  /** Imports the first items of one collection. */
  void load(String collectionId, int count) {
    int collection = Dataset.COLLECTIONS.indexOf(collectionId);
    Iterator<Item> items =
        IntStream.range(0, count).mapToObj(index -> item(collection, index)).iterator();
    var totals =
        client
            .items()
            .importItems(
                ImportItemsRequest.newBuilder()
                    .setSiteId(id)
                    .setCollectionId(collectionId)
                    .setCreateCollection(true)
                    .build())
            .run(items);
    if (totals.getReceivedCount() != count) {
      throw new IllegalStateException("not all items were taken: " + totals);
    }
  }

  /** Changes some items of the first collection. */
  void change(int seed) {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder()
            .setSiteId(id)
            .setCollectionId(Dataset.COLLECTIONS.get(0));
    for (int i = 0; i < CHANGES; i++) {
      request.addEntries(BatchSaveItemsRequest.Entry.newBuilder().setItem(item(seed, i)));
    }
    var unused = client.items().batchSave(request.build());
  }

  /** Reads all items and counts them. */
  long export() {
    long count = 0;
    for (String collection : Dataset.COLLECTIONS) {
      try (var items = client.items().exportItems(id, collection)) {
        while (items.hasNext()) {
          count += items.next().getData().isEmpty() ? 0 : 1;
        }
      }
    }
    return count;
  }

  /** Takes a backup and answers it as soon as it is READY. */
  Backup backUp() {
    return ready(client.backups().create(id));
  }

  /** The same for a backup that later ones do not evict. */
  Backup backUpPinned() {
    return ready(
        client
            .backups()
            .create(CreateBackupRequest.newBuilder().setSiteId(id).setPinned(true).build()));
  }

  private Backup ready(Backup backup) {
    try (Watch<Backup> watch = client.backups().watch(id, backup.getId())) {
      while (watch.hasNext()) {
        Backup now = watch.next();
        if (now.getState() == BackupState.BACKUP_STATE_READY) {
          return now;
        }
        if (now.getState() != BackupState.BACKUP_STATE_PENDING) {
          throw new IllegalStateException("the backup did not succeed: " + now);
        }
      }
    }
    throw new IllegalStateException("the watch of the backup ended early");
  }

  /** Waits until the verification that follows a backup is over. */
  Backup settled(Backup backup) {
    try (Watch<Backup> watch = client.backups().watch(id, backup.getId())) {
      return watch.awaitSuccess();
    }
  }

  Restoration requestRestore(Backup backup, VerificationMode verification) {
    return client
        .restorations()
        .restore(
            RestoreBackupRequest.newBuilder()
                .setSiteId(id)
                .setBackupId(backup.getId())
                .setVerification(verification)
                .build());
  }

  Restoration requestRestore(
      Backup backup, List<String> collections, VerificationMode verification) {
    RestorePartialBackupRequest.Builder request =
        RestorePartialBackupRequest.newBuilder()
            .setSiteId(id)
            .setBackupId(backup.getId())
            .setVerification(verification);
    collections.forEach(
        collection ->
            request.addCollections(RestorationSelection.newBuilder().setCollectionId(collection)));
    return client.restorations().restorePartial(request.build());
  }

  Watch<Restoration> watch(Restoration restoration) {
    return client.restorations().watch(id, restoration.getId());
  }

  /** Waits until a restoration is COMPLETED. */
  Restoration completed(Restoration restoration) {
    try (Watch<Restoration> watch = watch(restoration)) {
      return watch.awaitSuccess();
    }
  }

  /** Waits until nothing works for a restoration any more that is over. */
  void settled(Restoration restoration) {
    try (Watch<Backup> watch = client.backups().watch(id, restoration.getSafetyBackupId())) {
      var unused = watch.awaitSuccess();
    }
  }
}
