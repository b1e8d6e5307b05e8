package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.Backup;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.VerificationMode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A site in which one collection holds nearly everything: restoring that one alone, and all of the
 * site, in turns. The server has a process of its own.
 */
final class LargeCollection {
  static final String NAME = "large";

  private static final Work RESTORE = Work.time("restore of one large collection", "<= 3");
  private static final Work VERIFIED = Work.time("restore of one large collection, verified", "");
  private static final String FULL = Results.LIMIT + "full restore of its site";
  private static final String LARGE = Dataset.COLLECTIONS.get(0);

  /** Of the items, so many lie in other collections. */
  private static final int OTHERS = 100;

  /** So that it is large at any size: less than an item has. */
  private static final long BYTES_PER_ITEM = 100;

  private static final long MAX_BYTES = 256L << 20;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final long QUIET_BYTES = 1 << 20;

  private final CairnServer server;
  private final CairnSite site;
  private int seed;

  private LargeCollection(CairnServer server, CairnSite site) {
    this.server = server;
    this.site = site;
  }

  static void run(BenchSettings settings, int items, Results results) throws Exception {
    Path directory = settings.work().resolve(NAME + "-" + items);
    Processes.deleteTree(directory);
    long large = Math.min(MAX_BYTES, items * BYTES_PER_ITEM);
    try (CairnServer server =
            CairnServer.start(settings, directory, "--store.large-collection=" + large);
        CairnClient client = server.connect()) {
      CairnSite site = CairnSite.create(client, NAME);
      site.load(new Dataset(Math.max(10, items / OTHERS / 10 * 10)));
      site.load(LARGE, items);
      new LargeCollection(server, site).measure(settings, items, results);
    }
    Processes.deleteTree(directory);
  }

  private void measure(BenchSettings settings, int items, Results results) throws Exception {
    server.awaitLogged("large collection moved", PATIENCE);
    site.change(++seed);
    awaitQuiet();
    Backup backup = site.settled(site.backUpPinned());
    for (int turn = -settings.warmups(); turn < settings.repeats(); turn++) {
      for (VerificationMode mode :
          List.of(
              VerificationMode.VERIFICATION_MODE_SKIP,
              VerificationMode.VERIFICATION_MODE_CHECKSUMS)) {
        Work work = mode == VerificationMode.VERIFICATION_MODE_SKIP ? RESTORE : VERIFIED;
        double full = took(() -> site.requestRestore(backup, mode));
        double one = took(() -> site.requestRestore(backup, List.of(LARGE), mode));
        if (turn >= 0) {
          results.add(work, items, Results.CAIRN, one);
          results.add(work, items, FULL, full);
        }
      }
    }
  }

  private interface Request {
    Restoration send();
  }

  private double took(Request request) {
    site.change(++seed);
    long begin = System.nanoTime();
    Restoration done = site.completed(request.send());
    double took = Subjects.millisSince(begin);
    site.settled(done);
    return took;
  }

  /** The engine writes anew what it has taken over; that is not to happen while it is restored. */
  private void awaitQuiet() throws IOException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    long before;
    do {
      before = server.writtenBytes();
      site.settled(site.backUp());
      LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
    } while (server.writtenBytes() - before > QUIET_BYTES && System.nanoTime() < end);
  }
}
