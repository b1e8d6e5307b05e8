package dev.cairn.it;

import dev.cairn.v1.Collection;
import dev.cairn.v1.Durability;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A server that is used hard, killed, started again and checked, over and over. Everything random
 * comes from the seed; what the threads make of it together does not.
 */
final class CrashRun {
  private static final List<String> SITES = List.of("alpha", "beta");
  private static final int WRITERS = 3;

  /** Collections become large, and move, while they are used, and not again once emptied. */
  static final String SMALL_IS_LARGE = "--store.large-collection=4KiB";

  /** In whose middle a crash is interesting; see {@link Conductor} and {@link SiteChurn}. */
  private static final List<String> MOMENTS =
      List.of(
          "backup",
          "verify",
          "delete backup",
          "restore full",
          "restore full",
          "restore partial",
          "restore partial",
          "undo",
          "truncate",
          "delete collection",
          "create collection",
          "create site",
          "delete site");

  /**
   * An end of the server after which it can be started again.
   *
   * @param survived which of the acknowledged writes it leaves: the strongest first
   */
  record Crash(Consumer<CairnProcess> end, List<Durability> survived) {
    /** SIGKILL: what the kernel has is kept. */
    static final Crash KILL =
        new Crash(
            CairnProcess::kill,
            List.of(Durability.DURABILITY_SYNCED, Durability.DURABILITY_BUFFERED));
  }

  private final CairnProcess server;
  private final Crash crash;
  private final Random random;
  private final List<SiteModel> models = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private SiteChurn churn;
  private int cycle;
  private long operations;
  private Duration longestStart = Duration.ZERO;
  private Duration starting = Duration.ZERO;
  private Duration checking = Duration.ZERO;

  private CrashRun(CairnProcess server, long seed, Crash crash) {
    this.server = server;
    this.crash = crash;
    this.random = new Random(seed);
    try (Cairn cairn = server.connect()) {
      this.churn = new SiteChurn(cairn, 0, 0, moment -> {});
    }
  }

  /** Starts a server, to be killed, and makes the sites. */
  static CrashRun begin(Servers servers, Path directory, long seed) {
    return begin(servers, directory, seed, Crash.KILL);
  }

  /** Starts a server, to be ended like that, and makes the sites. */
  static CrashRun begin(Servers servers, Path directory, long seed, Crash crash) {
    CairnProcess server =
        servers.startIn(
            directory, "--backup.safety-limit=100", "--disk.reserve=1MiB", SMALL_IS_LARGE);
    CrashRun run = new CrashRun(server, seed, crash);
    try (Cairn cairn = server.connect()) {
      for (String site : SITES) {
        cairn.createSite(site);
        for (String id : SiteLoad.COLLECTIONS) {
          cairn.createCollection(site, Collection.newBuilder().setId(id).build());
        }
        cairn.createCollection(site, SiteLoad.IMPORTS);
        SiteModel model = new SiteModel(site);
        model.begin(Content.of(cairn, site));
        run.models.add(model);
      }
    }
    return run;
  }

  CairnProcess server() {
    return server;
  }

  List<SiteModel> models() {
    return models;
  }

  long operations() {
    return operations;
  }

  /** What took how long. */
  String times() {
    return String.format(
        "longest restart %d ms, all restarts %d ms, all checks %d ms",
        longestStart.toMillis(), starting.toMillis(), checking.toMillis());
  }

  /** Uses the server for a while, kills it, and starts it again. */
  void crash() {
    cycle++;
    Load load = new Load();
    Trigger trigger = new Trigger(random);
    String when;
    try (Cairn cairn = server.connect()) {
      for (SiteModel model : models) {
        SiteLoad site = new SiteLoad(cairn, model, load, crash.survived());
        for (int i = 0; i < WRITERS; i++) {
          site.startWriter("w" + i, random.nextLong());
        }
        site.startReader("reader", random.nextLong());
        new ImportLoad(cairn, model, random.nextLong()).start(load);
        new Conductor(cairn, model, random.nextLong(), trigger::reached).start(load);
      }
      churn = new SiteChurn(cairn, cycle, random.nextLong(), trigger::reached);
      churn.start(load);
      when = trigger.await();
      load.stop();
      crash.end().accept(server);
      load.join();
    }
    operations += load.operations();
    load.errors().forEach(error -> errors.add("under load (killed " + when + "): " + error));
    server.restart();
    starting = starting.plus(server.startTime());
    if (server.startTime().compareTo(longestStart) > 0) {
      longestStart = server.startTime();
    }
  }

  /** Everything that is wrong after {@link #crash}. */
  List<String> check() {
    long begin = System.nanoTime();
    List<String> violations = new ArrayList<>(errors);
    errors.clear();
    try (Cairn cairn = server.connect()) {
      violations.addAll(checkSites(cairn));
      churn.check(cairn, violations);
      SiteChurn.deleteAll(cairn);
      DataDirectory.requireTidy(server, cairn);
    } catch (AssertionError e) {
      violations.add(String.valueOf(e.getMessage()));
    }
    checking = checking.plusNanos(System.nanoTime() - begin);
    return violations;
  }

  /** Sites share nothing but the server, so each is checked while the others are. */
  private List<String> checkSites(Cairn cairn) {
    return models.stream()
        .map(model -> CompletableFuture.supplyAsync(() -> CrashCheck.check(cairn, model)))
        .toList()
        .stream()
        .flatMap(check -> check.join().stream())
        .toList();
  }

  /** Decides when the server is killed: after some time, or soon after something has begun. */
  private static final class Trigger {
    private final long delayMicros;
    private final String moment;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final long notBefore;

    Trigger(Random random) {
      boolean any = random.nextInt(3) == 0;
      moment = any ? "" : MOMENTS.get(random.nextInt(MOMENTS.size()));
      int spread = any ? 1_200_000 : random.nextBoolean() ? 8_000 : 80_000;
      delayMicros = random.nextInt(spread);
      notBefore = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50 + random.nextInt(600));
    }

    void reached(String what) {
      if (what.equals(moment) && System.nanoTime() > notBefore) {
        reached.countDown();
      }
    }

    String await() {
      try {
        boolean happened = moment.isEmpty() || reached.await(4, TimeUnit.SECONDS);
        Wait.pause(Duration.ofNanos(delayMicros * 1_000));
        return delayMicros + " us after " + (happened ? moment : "waiting for " + moment);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return "early";
      }
    }
  }
}
