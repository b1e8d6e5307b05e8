package dev.cairn.client.cli;

import static dev.cairn.client.cli.CheckFailedException.ensure;

import com.google.protobuf.ByteString;
import dev.cairn.client.CairnClient;
import dev.cairn.client.CairnException;
import dev.cairn.client.ItemExport;
import dev.cairn.client.jsonl.ItemReader;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.CollectionPreview;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.TruncateCollectionRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What happens on the tour: import, backup, damage, restoration, undo. Each check compares all
 * items, not samples; the first that fails throws {@link CheckFailedException}. Confined to one
 * thread.
 */
final class TourScript {
  private static final int BATCH = 1_000;
  private static final int DELETED = 60_000;
  private static final int OVERWRITTEN = 5_000;

  private final CairnCli cli;
  private final CairnClient cairn;
  private final Jobs jobs;
  private final Narrator narrator;
  private final String siteId;

  TourScript(CairnCli cli, CairnClient cairn, Narrator narrator, String siteId) {
    this.cli = cli;
    this.cairn = cairn;
    this.jobs = new Jobs(cli, cairn, false);
    this.narrator = narrator;
    this.siteId = siteId;
  }

  void play() throws IOException {
    narrator.headline("Import real data");
    Map<TourData, Fingerprint> original = importAll();

    narrator.headline("Back it up");
    Backup backup = backUp();

    narrator.headline("Something goes wrong");
    damage();
    Map<TourData, Fingerprint> damaged = everything();
    counts("THE DAMAGE", original, damaged);

    narrator.headline("Restore the backup");
    preview(backup);
    Restoration restoration = restore(backup);
    Map<TourData, Fingerprint> restored = everything();
    check(
        restored,
        original,
        "Checked: every item is back, with its document, owner, times and revision.");

    narrator.headline("Undo the restoration");
    undo(restoration);
    check(
        everything(),
        damaged,
        "Checked: the damaged content is back exactly, for what was replaced was kept.");

    narrator.headline("And back again");
    redo(backup);
    check(everything(), original, "Checked: all 171,325 items are as they were imported.");
  }

  /** Imports the data sets, compares what is stored with the files, and returns what is stored. */
  private Map<TourData, Fingerprint> importAll() throws IOException {
    cairn.sites().create(CreateSiteRequest.newBuilder().setSiteId(siteId).build());
    Map<TourData, Fingerprint> all = new EnumMap<>(TourData.class);
    long bytes = 0;
    long importing = System.nanoTime();
    Map<TourData, Fingerprint> files = new EnumMap<>(TourData.class);
    for (TourData data : TourData.values()) {
      files.put(data, importFile(data));
    }
    narrator.took("import of 171,325 items", importing);
    long comparing = System.nanoTime();
    for (TourData data : TourData.values()) {
      Fingerprint documents = new Fingerprint();
      Fingerprint whole = new Fingerprint();
      try (ItemExport export = cairn.items().exportItems(siteId, data.collectionId)) {
        while (export.hasNext()) {
          Item item = export.next();
          documents.addDocument(item);
          whole.addWhole(item);
        }
      }
      ensure(
          documents.matches(of(files, data)),
          "What the server has of " + data.collectionId + " is not what " + data.file + " has.");
      bytes += documents.bytes();
      all.put(data, whole);
    }
    narrator.took("export, and comparing all", comparing);
    narrator.say(
        "250 countries and 171,075 cities are stored ("
            + Format.bytes(bytes)
            + "). Exported again and compared: equal.");
    return all;
  }

  private Fingerprint importFile(TourData data) throws IOException {
    ImportItemsRequest opening =
        ImportItemsRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(data.collectionId)
            .setCreateCollection(true)
            .build();
    Fingerprint file = new Fingerprint();
    try (ItemReader reader = data.open();
        ProgressBar bar = cli.progress(data.collectionId)) {
      Iterator<Item> items =
          new Iterator<>() {
            @Override
            public boolean hasNext() {
              return reader.hasNext();
            }

            @Override
            public Item next() {
              Item item = reader.next();
              file.addDocument(item);
              return item;
            }
          };
      ImportItemsResponse totals =
          cairn.items().importItems(opening, t -> bar.update(importState(t, data.size))).run(items);
      ensure(
          totals.getInsertedCount() == data.size && file.count() == data.size,
          totals.getInsertedCount() + " items were inserted instead of " + data.size + ".");
    }
    return file;
  }

  private static ProgressBar.State importState(ImportItemsResponse totals, long size) {
    long received = totals.getReceivedCount();
    return new ProgressBar.State("", received / (double) size, received, size, "items", "");
  }

  private Backup backUp() {
    long start = System.nanoTime();
    Backup backup =
        jobs.awaitMade(
            cairn
                .backups()
                .create(
                    CreateBackupRequest.newBuilder()
                        .setSiteId(siteId)
                        .setDescription("before the accident")
                        .build()));
    ensure(jobs.outcome(backup) == ExitCode.OK, "The backup is not READY.");
    ensure(backup.getItemCount() == 171_325, "The backup has " + backup.getItemCount() + " items.");
    narrator.say(
        "Backup "
            + backup.getId()
            + " holds "
            + Format.count(backup.getItemCount(), "item")
            + " as of "
            + Format.time(backup.getSnapshotTime())
            + ",");
    narrator.say(
        Format.bytes(backup.getSizeBytes())
            + ", of which "
            + Format.bytes(backup.getExclusiveSizeBytes())
            + " are its own: it shares files with the live data.");
    narrator.took("backup", start);
    return backup;
  }

  private void damage() {
    List<String> ids = new ArrayList<>();
    try (ItemExport export = cairn.items().exportItems(siteId, TourData.CITIES.collectionId)) {
      while (ids.size() < DELETED + OVERWRITTEN && export.hasNext()) {
        ids.add(export.next().getId());
      }
    }
    try (ProgressBar bar = cli.progress("damage")) {
      for (int i = 0; i < ids.size(); i += BATCH) {
        List<String> batch = ids.subList(i, i + BATCH);
        if (i < DELETED) {
          delete(batch);
        } else {
          overwrite(batch);
        }
        bar.update(
            new ProgressBar.State(
                i < DELETED ? "deleting" : "overwriting",
                (i + BATCH) / (double) ids.size(),
                i + BATCH,
                ids.size(),
                "items",
                ""));
      }
    }
    cairn
        .items()
        .truncate(
            TruncateCollectionRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(TourData.COUNTRIES.collectionId)
                .build());
    narrator.say(
        "A script deletes "
            + Format.count(DELETED)
            + " cities, overwrites "
            + Format.count(OVERWRITTEN)
            + " more, and empties the countries.");
  }

  private void delete(List<String> ids) {
    BatchDeleteItemsRequest.Builder request =
        BatchDeleteItemsRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(TourData.CITIES.collectionId);
    ids.forEach(id -> request.addEntriesBuilder().setItemId(id));
    cairn.items().batchDelete(request.build());
  }

  private void overwrite(List<String> ids) {
    ByteString nonsense = ByteString.copyFromUtf8("{\"name\":\"undefined\"}");
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(TourData.CITIES.collectionId);
    for (String id : ids) {
      request.addEntriesBuilder().setItem(Item.newBuilder().setId(id).setData(nonsense));
    }
    cairn.items().batchSave(request.build());
  }

  private void preview(Backup backup) {
    PreviewRestorationResponse preview;
    long start = System.nanoTime();
    try {
      preview =
          cairn
              .restorations()
              .preview(
                  PreviewRestorationRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupId(backup.getId())
                      .setSampleSize(0)
                      .build());
    } catch (CairnException e) {
      if (e.reason() == ErrorReason.ERROR_REASON_NOT_IMPLEMENTED) {
        return;
      }
      throw e;
    }
    Table table =
        new Table("WHAT IT WOULD DO", "NOW>", "BACKUP>", "ADDED>", "CHANGED>", "REMOVED>");
    for (CollectionPreview collection : preview.getCollectionsList()) {
      table.row(
          collection.getCollectionId(),
          Format.count(collection.getLiveCount()),
          Format.count(collection.getBackupCount()),
          Format.count(collection.getAddedCount()),
          Format.count(collection.getChangedCount()),
          Format.count(collection.getRemovedCount()));
    }
    narrator.say(table.toString());
    narrator.took("preview of the restoration", start);
  }

  /** Restores while somebody reads all the time. */
  private Restoration restore(Backup backup) {
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong reads = new AtomicLong();
    AtomicLong failures = new AtomicLong();
    Thread reader =
        new Thread(
            () -> {
              while (!done.get()) {
                try {
                  cairn.items().count(siteId, TourData.CITIES.collectionId);
                  reads.incrementAndGet();
                } catch (CairnException e) {
                  failures.incrementAndGet();
                }
              }
            },
            "tour-reader");
    reader.setDaemon(true);
    long start = System.nanoTime();
    reader.start();
    Restoration restoration;
    try {
      restoration = jobs.await(cairn.restorations().restore(siteId, backup.getId()));
    } finally {
      done.set(true);
    }
    ensure(jobs.outcome(restoration) == ExitCode.OK, "The restoration is not COMPLETED.");
    narrator.took("restoration", start);
    narrator.say(
        "Restored. Meanwhile "
            + Format.count(reads.get(), "read")
            + " of the site were answered, "
            + (failures.get() == 0 ? "none failed." : failures.get() + " failed."));
    ensure(failures.get() == 0, "Reads failed during the restoration.");
    return restoration;
  }

  private void undo(Restoration restoration) {
    long start = System.nanoTime();
    Restoration undone = jobs.await(cairn.restorations().undo(siteId, restoration.getId()));
    ensure(jobs.outcome(undone) == ExitCode.OK, "The undo is not COMPLETED.");
    narrator.took("undo", start);
  }

  private void redo(Backup backup) {
    long start = System.nanoTime();
    Restoration again = jobs.await(cairn.restorations().restore(siteId, backup.getId()));
    ensure(jobs.outcome(again) == ExitCode.OK, "The second restoration is not COMPLETED.");
    narrator.took("second restoration", start);
  }

  private Map<TourData, Fingerprint> everything() {
    Map<TourData, Fingerprint> all = new EnumMap<>(TourData.class);
    for (TourData data : TourData.values()) {
      Fingerprint fingerprint = new Fingerprint();
      try (ItemExport export = cairn.items().exportItems(siteId, data.collectionId)) {
        export.forEachRemaining(fingerprint::addWhole);
      }
      all.put(data, fingerprint);
    }
    return all;
  }

  private void check(
      Map<TourData, Fingerprint> actual, Map<TourData, Fingerprint> expected, String success) {
    actual.forEach(
        (data, fingerprint) ->
            ensure(
                fingerprint.matches(of(expected, data)),
                "The "
                    + Format.count(fingerprint.count())
                    + " items of "
                    + data.collectionId
                    + " are not the "
                    + Format.count(of(expected, data).count())
                    + " that should be there."));
    narrator.say(success);
  }

  private void counts(
      String title, Map<TourData, Fingerprint> before, Map<TourData, Fingerprint> after) {
    Table table = new Table(title, "BEFORE>", "NOW>");
    for (TourData data : TourData.values()) {
      table.row(
          data.collectionId,
          Format.count(of(before, data).count()),
          Format.count(of(after, data).count()));
      ensure(!of(before, data).matches(of(after, data)), "Nothing was damaged.");
    }
    narrator.say(table.toString());
  }

  private static Fingerprint of(Map<TourData, Fingerprint> all, TourData data) {
    Fingerprint fingerprint = all.get(data);
    return fingerprint == null ? new Fingerprint() : fingerprint;
  }
}
