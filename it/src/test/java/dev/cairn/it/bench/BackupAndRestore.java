package dev.cairn.it.bench;

import dev.cairn.client.Watch;
import dev.cairn.v1.Backup;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.VerificationMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Backups and restorations, one at a time, while nothing else happens. */
final class BackupAndRestore implements Case {
  private static final Work BACKUP = Work.time("backup to READY", "<= 1.5");
  private static final Work BYTES = Work.size("bytes that a backup writes", "");
  private static final Work FIRST_MESSAGE =
      Work.time("until the first message of a restoration", "");
  private static final Work RESTORE = Work.time("full restore, unverified", "<= 2");
  private static final Work VERIFIED = Work.time("full restore, verified", "<= 1.43");
  private static final Work PARTIAL = Work.time("restore of one collection of ten", "<= 1.43");

  /** The request and the end. */
  private static final int RECORDS = 2;

  /** Until what a restoration has replaced is removed. */
  private static final Duration TIDYING = Duration.ofMillis(300);

  private static final String ENGINE = "RocksDB BackupEngine";
  private static final List<String> FIRST = List.of(Dataset.COLLECTIONS.get(0));

  @Override
  public String name() {
    return "backup";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    Contest contest = new Contest(subjects, results);
    List<Peer> peers = subjects.peers(results);
    boolean engine = subjects.settings().peers().matcher(ENGINE).find();
    subjects.turns(
        counted -> {
          contest.counted = counted;
          contest.backup();
          contest.restore();
          contest.verifiedRestore();
          contest.partialRestore();
          if (engine) {
            contest.engine();
          }
          for (Peer peer : counted ? peers : List.<Peer>of()) {
            contest.add(BACKUP, peer.name(), peer.backUp());
            contest.add(RESTORE, peer.name(), peer.restore());
          }
        });
  }

  private static final class Contest {
    private final Subjects subjects;
    private final Results results;
    private final LimitProcess limit;
    private final CairnSite site;
    private final Path files;
    private boolean counted;
    private double firstMessage;

    Contest(Subjects subjects, Results results) {
      this.subjects = subjects;
      this.results = results;
      this.limit = subjects.limit();
      this.site = subjects.site();
      this.files = subjects.backupDirectory(subjects.backup());
    }

    void add(Work work, String subject, double value) {
      if (counted) {
        results.add(work, subjects.items(), subject, value);
      }
    }

    /**
     * All begin with the same: the content of the backup, and some changes. Else the engine would
     * merge what earlier ones left behind in the midst of some of them.
     */
    private void change() {
      var same = VerificationMode.VERIFICATION_MODE_SKIP;
      site.settled(site.completed(site.requestRestore(subjects.backup(), same)));
      LockSupport.parkNanos(TIDYING.toNanos());
      site.change(subjects.nextSeed());
    }

    /** The second limit also records on disk what a backup may not forget: see {@link #restore}. */
    void backup() throws Exception {
      change();
      long written = subjects.server().writtenBytes();
      long begin = System.nanoTime();
      Backup made = site.backUp();
      add(BACKUP, Results.CAIRN, Subjects.millisSince(begin));
      add(BYTES, Results.CAIRN, (double) (subjects.server().writtenBytes() - written));
      made = site.settled(made);
      double plain = limit.call("checkpoint", subjects.nextSeed());
      add(BACKUP, Results.LIMIT + "checkpoint", plain);
      double recorded = limit.call("records", RECORDS);
      add(BACKUP, Results.LIMIT + "the same and two forced records", plain + recorded);
    }

    /**
     * The second limit keeps what it replaces, too, as every restoration does; the third one also
     * records on disk what a restoration may not forget: the request and the end.
     */
    void restore() throws Exception {
      add(RESTORE, Results.CAIRN, full(VerificationMode.VERIFICATION_MODE_SKIP));
      add(FIRST_MESSAGE, Results.CAIRN, firstMessage);
      double clone = limit.call("clone", files);
      add(RESTORE, Results.LIMIT + "clone and open", clone);
      double kept = limit.call("checkpoint", subjects.nextSeed());
      add(RESTORE, Results.LIMIT + "the same and a checkpoint", clone + kept);
      double recorded = limit.call("records", RECORDS);
      add(RESTORE, Results.LIMIT + "the same and two forced records", clone + kept + recorded);
    }

    void verifiedRestore() throws Exception {
      add(VERIFIED, Results.CAIRN, full(VerificationMode.VERIFICATION_MODE_CHECKSUMS));
      double plain = limit.call("sums", files) + limit.call("clone", files);
      add(VERIFIED, Results.LIMIT + "read with CRC32C, clone and open", plain);
      double kept = limit.call("checkpoint", subjects.nextSeed());
      double recorded = limit.call("records", RECORDS);
      add(
          VERIFIED,
          Results.LIMIT + "the same, a checkpoint and two forced records",
          plain + kept + recorded);
    }

    private double full(VerificationMode verification) {
      change();
      long begin = System.nanoTime();
      Restoration running = site.requestRestore(subjects.backup(), verification);
      Restoration done;
      try (Watch<Restoration> watch = site.watch(running)) {
        if (!watch.hasNext()) {
          throw new IllegalStateException("the watch of the restoration ended early");
        }
        firstMessage = Subjects.millisSince(begin);
        done = watch.awaitSuccess();
      }
      double took = Subjects.millisSince(begin);
      site.settled(done);
      return took;
    }

    void partialRestore() throws Exception {
      change();
      long begin = System.nanoTime();
      Restoration done =
          site.completed(
              site.requestRestore(
                  subjects.backup(), FIRST, VerificationMode.VERIFICATION_MODE_SKIP));
      add(PARTIAL, Results.CAIRN, Subjects.millisSince(begin));
      site.settled(done);
      add(PARTIAL, Results.LIMIT + "scan, table file, ingest", limit.call("copy", files, 1));
    }

    void engine() throws Exception {
      add(BACKUP, ENGINE, limit.call("engine-backup", subjects.nextSeed()));
      add(RESTORE, ENGINE, limit.call("engine-restore"));
    }
  }
}
