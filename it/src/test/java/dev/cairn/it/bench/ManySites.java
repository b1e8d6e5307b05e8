package dev.cairn.it.bench;

import com.google.protobuf.FieldMask;
import dev.cairn.client.CairnClient;
import dev.cairn.client.EventWatch;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import dev.cairn.v1.WatchEventsRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A server with very many small sites: its start, what a site costs that nobody uses, a round of
 * backups.
 */
final class ManySites {
  static final String NAME = "sites";
  private static final int CLIENTS = 8;
  private static final int ITEMS = 10;
  private static final int COLD_CALLS = 50;
  private static final Work CREATION = Work.rate("making small sites", "");
  private static final Work START = Work.time("start with small sites", "<= 2000 ms");
  private static final Work LATER_START = Work.time("the same, each with a backup", "");
  private static final Work HEAP = Work.size("heap of an idle site", "<= 2 KB");
  private static final Work RESIDENT = Work.size("memory of an open site", "");
  private static final Work COLD = Work.time("first read of a cold site", "");
  private static final Work ROUND = Work.time("AUTO backups of all sites at once", "<= 300,000 ms");

  private ManySites() {}

  static void run(BenchSettings settings, int sites, Results results) throws Exception {
    Path directory = settings.work().resolve("sites-" + sites);
    Processes.deleteTree(directory);
    long emptyHeap;
    try (CairnServer server = CairnServer.start(settings, directory);
        CairnClient client = server.connect()) {
      emptyHeap = idleHeap(server, client);
      long begin = System.nanoTime();
      forEach(sites, index -> create(client, index));
      results.add(CREATION, sites, Results.CAIRN, sites / (Subjects.millisSince(begin) / 1_000));
    }
    starts(settings, directory, START, sites, results);
    try (CairnServer server = CairnServer.start(settings, directory);
        CairnClient client = server.connect()) {
      double heap = (double) (idleHeap(server, client) - emptyHeap) / sites;
      results.add(HEAP, sites, Results.CAIRN, Math.max(heap, 1));
      coldReads(server, client, sites, results);
      results.add(ROUND, sites, Results.CAIRN, round(client, sites));
    }
    starts(settings, directory, LATER_START, sites, results);
    Processes.deleteTree(directory);
  }

  private static void starts(
      BenchSettings settings, Path directory, Work work, int sites, Results results)
      throws IOException {
    for (int i = 0; i < settings.repeats(); i++) {
      try (CairnServer server = CairnServer.start(settings, directory)) {
        results.add(work, sites, Results.CAIRN, server.startTime().toNanos() / 1e6);
      }
    }
  }

  private static String id(int index) {
    return "small-" + index;
  }

  private static void create(CairnClient client, int index) {
    CairnSite site = CairnSite.create(client, id(index));
    String collection = Dataset.COLLECTIONS.get(0);
    var unused = client.collections().create(site.id(), collection);
    BatchSaveItemsRequest.Builder batch =
        BatchSaveItemsRequest.newBuilder().setSiteId(site.id()).setCollectionId(collection);
    for (int i = 0; i < ITEMS; i++) {
      batch.addEntries(BatchSaveItemsRequest.Entry.newBuilder().setItem(CairnSite.item(index, i)));
    }
    var saved = client.items().batchSave(batch.build());
    if (saved.getResultsCount() != ITEMS) {
      throw new IllegalStateException("not all items were saved");
    }
  }

  /** After a first call, which loads classes. */
  private static long idleHeap(CairnServer server, CairnClient client) throws IOException {
    var unused = client.sites().list().iterator().hasNext();
    return server.heapBytes();
  }

  private static void coldReads(CairnServer server, CairnClient client, int sites, Results results)
      throws IOException {
    int calls = Math.min(COLD_CALLS, sites);
    List<Double> times = new ArrayList<>();
    long before = server.residentBytes();
    for (int i = 0; i < calls; i++) {
      long begin = System.nanoTime();
      var unused =
          client.items().get(id(i * (sites / calls)), Dataset.COLLECTIONS.get(0), Dataset.id(1));
      times.add(Subjects.millisSince(begin));
    }
    double resident = (double) (server.residentBytes() - before) / calls;
    results.add(COLD, sites, Results.CAIRN, Results.median(times));
    results.add(RESIDENT, sites, Results.CAIRN, Math.max(resident, 1));
  }

  /** All are due in the same minute; from then until the last one is READY. */
  private static double round(CairnClient client, int sites) throws Exception {
    Instant due =
        Instant.now()
            .plus(Duration.ofSeconds(60).plusMillis(sites * 5L))
            .truncatedTo(ChronoUnit.MINUTES)
            .plus(1, ChronoUnit.MINUTES);
    LocalDateTime time = LocalDateTime.ofInstant(due, ZoneOffset.UTC);
    String cron = time.getMinute() + " " + time.getHour() + " * * *";
    try (EventWatch events =
        client
            .events()
            .watch(
                WatchEventsRequest.newBuilder().setStartFrom(EventStart.EVENT_START_NOW).build())) {
      forEach(sites, index -> schedule(client, index, cron));
      if (Instant.now().isAfter(due)) {
        throw new IllegalStateException("setting the schedules took too long");
      }
      int ready = 0;
      while (ready < sites && events.hasNext()) {
        Event event = events.next();
        if (event.getBackupStateChanged().getBackup().getState() == BackupState.BACKUP_STATE_READY
            && event.getBackupStateChanged().getPreviousState()
                == BackupState.BACKUP_STATE_PENDING) {
          ready++;
        }
      }
      return Duration.between(due, Instant.now()).toNanos() / 1e6;
    }
  }

  private static void schedule(CairnClient client, int index, String cron) {
    var unused =
        client
            .schedules()
            .update(
                UpdateBackupScheduleRequest.newBuilder()
                    .setSiteId(id(index))
                    .setBackupSchedule(BackupSchedule.newBuilder().setCron(cron))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("cron"))
                    .build());
  }

  private interface Step {
    void take(int index);
  }

  /** Takes a step for every site, several at once. */
  private static void forEach(int sites, Step step) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<?>> steps = new ArrayList<>();
      for (int i = 0; i < sites; i++) {
        int index = i;
        steps.add(executor.submit(() -> step.take(index)));
      }
      for (Future<?> each : steps) {
        each.get();
      }
    } finally {
      executor.shutdownNow();
    }
  }
}
