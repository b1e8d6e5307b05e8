package dev.cairn.it.bench;

import com.google.protobuf.util.Durations;
import dev.cairn.client.CairnException;
import dev.cairn.v1.Backup;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.VerificationMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;

/**
 * How long readers and writers wait who go on steadily while a restoration takes place, and how
 * long writers do while backups are made.
 */
final class Waits implements Case {
  private static final int READERS = 4;
  private static final int WRITERS = 4;
  private static final long PAUSE_MILLIS = 5;
  private static final Work LONGEST_WRITE = Work.time("longest write in a restore", "<= 100 ms");
  private static final Work LONGEST_READ = Work.time("longest read in a restore", "<= 10 ms");
  private static final String QUIET = "the same without a restore";

  private static final int BACKUPS = 20;
  private static final long BACKUP_PAUSE_MILLIS = 100;
  private static final Work WRITE_MEDIAN = Work.time("write while a backup is made, p50", "");
  private static final Work WRITE_P99 = Work.time("write while a backup is made, p99", "");
  private static final Work WRITE_LONGEST = Work.time("write while a backup is made, longest", "");
  private static final String NO_BACKUP = "the same without a backup";

  @Override
  public String name() {
    return "waits";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    restorations(subjects, results);
    backups(subjects, results);
  }

  private static void backups(Subjects subjects, Results results) throws Exception {
    CairnSite site = subjects.site();
    subjects.turns(
        counted -> {
          Load load = Load.start(site);
          List<Call> backups = new ArrayList<>();
          for (int i = 0; i < BACKUPS; i++) {
            long begin = System.nanoTime();
            Backup made = site.backUp();
            backups.add(new Call(begin, System.nanoTime()));
            made = site.settled(made);
            Thread.sleep(BACKUP_PAUSE_MILLIS);
          }
          load.stop();
          if (counted) {
            List<Double> meanwhile =
                took(load.writes, write -> backups.stream().anyMatch(write::overlaps));
            List<Double> otherwise =
                took(load.writes, write -> backups.stream().noneMatch(write::overlaps));
            int items = subjects.items();
            results.add(WRITE_MEDIAN, items, Results.CAIRN, Results.median(meanwhile));
            results.add(WRITE_MEDIAN, items, NO_BACKUP, Results.median(otherwise));
            results.add(WRITE_P99, items, Results.CAIRN, Results.percentile99(meanwhile));
            results.add(WRITE_P99, items, NO_BACKUP, Results.percentile99(otherwise));
            results.add(WRITE_LONGEST, items, Results.CAIRN, Collections.max(meanwhile));
            results.add(WRITE_LONGEST, items, NO_BACKUP, Collections.max(otherwise));
          }
        });
  }

  private static List<Double> took(Iterable<Call> calls, Predicate<Call> which) {
    List<Double> times = new ArrayList<>();
    for (Call call : calls) {
      if (which.test(call)) {
        times.add(call.millis());
      }
    }
    return times;
  }

  private static void restorations(Subjects subjects, Results results) throws Exception {
    subjects.turns(
        counted -> {
          Load load = Load.start(subjects.site());
          long begin = System.nanoTime();
          Restoration done =
              subjects
                  .site()
                  .completed(
                      subjects
                          .site()
                          .requestRestore(
                              subjects.backup(), VerificationMode.VERIFICATION_MODE_SKIP));
          long end = System.nanoTime();
          Thread.sleep(1_000);
          load.stop();
          subjects.site().settled(done);
          if (counted) {
            int items = subjects.items();
            // Just as long, and just as many calls, before it.
            long before = begin - (end - begin);
            results.add(LONGEST_WRITE, items, Results.CAIRN, longest(load.writes, begin, end));
            results.add(LONGEST_WRITE, items, QUIET, longest(load.writes, before, begin));
            results.add(LONGEST_READ, items, Results.CAIRN, longest(load.reads, begin, end));
            results.add(LONGEST_READ, items, QUIET, longest(load.reads, before, begin));
            results.note(
                String.format(
                    Locale.ROOT,
                    "A restoration of %d items closed the door for %d ms.",
                    items,
                    Durations.toMillis(done.getWritePause())));
          }
        });
  }

  private record Call(long begin, long end) {
    double millis() {
      return (end - begin) / 1e6;
    }

    boolean overlaps(Call other) {
      return end - other.begin >= 0 && begin - other.end <= 0;
    }
  }

  /** In milliseconds, of the calls that ran in a span of time. */
  private static double longest(Iterable<Call> calls, long from, long to) {
    Call span = new Call(from, to);
    return took(calls, call -> call.overlaps(span)).stream()
        .mapToDouble(Double::doubleValue)
        .max()
        .orElse(0);
  }

  private static final class Load {
    private final CairnSite site;
    private final ConcurrentLinkedQueue<Call> reads = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Call> writes = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    private Load(CairnSite site) {
      this.site = site;
    }

    /** One that has gone on for a second, so that there is something to compare with. */
    static Load start(CairnSite site) throws InterruptedException {
      Load load = new Load(site);
      for (int i = 0; i < READERS; i++) {
        load.go(load.reads, load::read);
      }
      for (int i = 0; i < WRITERS; i++) {
        load.go(load.writes, load::write);
      }
      Thread.sleep(1_000);
      return load;
    }

    private interface Step {
      void take(int index);
    }

    private void go(ConcurrentLinkedQueue<Call> calls, Step step) {
      int first = threads.size() * 1_000;
      Thread thread =
          new Thread(
              () -> {
                for (int i = first; !stopped; i++) {
                  long begin = System.nanoTime();
                  step.take(i);
                  calls.add(new Call(begin, System.nanoTime()));
                  try {
                    Thread.sleep(PAUSE_MILLIS);
                  } catch (InterruptedException e) {
                    return;
                  }
                }
              });
      threads.add(thread);
      thread.start();
    }

    private void read(int index) {
      try {
        var unused =
            site.client()
                .items()
                .get(site.id(), Dataset.COLLECTIONS.get(1), Dataset.id(index % 97));
      } catch (CairnException e) {
        throw new IllegalStateException("a read failed", e);
      }
    }

    private void write(int index) {
      var unused =
          site.client()
              .items()
              .save(
                  SaveItemRequest.newBuilder()
                      .setSiteId(site.id())
                      .setCollectionId(Dataset.COLLECTIONS.get(0))
                      .setItem(CairnSite.item(2, index % 97))
                      .build());
    }

    void stop() throws InterruptedException {
      stopped = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
