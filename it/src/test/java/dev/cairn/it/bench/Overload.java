package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.ItemServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Durable writes that come whether or not earlier ones are answered: at half of what the server can
 * do, and at four times as much. What callers who wait for each answer get out of it is what it can
 * do. The accepted calls are to keep their latency; those too many are to be refused soon. The
 * first second of four times the load is told apart: whoever comes until it is noticed waits for
 * what was let in.
 *
 * <p>On the one core that the server has, compiling what refuses takes its share of the core for a
 * quarter of a minute, so much is refused before anything is counted.
 *
 * <p>Server and callers have a core each, and the callers are cheap, or one would measure how they
 * hold each other up. The same calls to a gRPC server that does nothing show what the transport
 * alone makes of them.
 */
final class Overload implements Case {
  private static final String METHOD = ItemServiceGrpc.getSaveItemMethod().getFullMethodName();

  /** On each of the connections: 64 in all, which wait for their answers. */
  private static final int CLOSED = 8;

  /** On each of the connections: as many as the server permits. */
  private static final int MAX_OPEN = 1_000;

  private static final int FIRST_MILLIS = 1_000;

  /** As many turns as it takes until the compilers are done. */
  private static final int WARM_TURNS = 7;

  private static final Work FIRST = Work.time("accepted writes, 4x load, first second, p99", "");
  private static final Work CALLER = Work.time("accepted writes, 4x load, p99", "<= 3");
  private static final Work SERVER = Work.time("the same at the server", "");
  private static final Work REFUSED = Work.time("refused writes, 4x load, p99", "");
  private static final Work RATE = Work.rate("accepted writes, 4x load", "");
  private static final String HALF = Results.LIMIT + "half the load";
  private static final String EMPTY = Results.LIMIT + "empty gRPC call, same load";
  private static final String CLOSED_LOOP = Results.LIMIT + "64 callers that wait";

  @Override
  public String name() {
    return "overload";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    Path directory = subjects.directory().resolve("overload");
    try (Cores cores = Cores.take();
        CairnServer server =
            CairnServer.start(
                cores, subjects.settings(), directory.resolve("cairn"), "--admin.port=0");
        CairnClient client = server.connect();
        LimitProcess limit = LimitProcess.start(cores, directory.resolve("limit"))) {
      results.note("Overload: " + cores.describe() + ".");
      CairnSite site = CairnSite.create(client, "overload");
      site.load(new Dataset(1_000));
      Turn turn = new Turn(server, (int) limit.call("port"), site, subjects);
      turn.warmUp();
      subjects.turns(
          counted -> {
            turn.take();
            if (counted) {
              turn.tell(results);
            }
          });
    }
  }

  private static final class Turn {
    private final CairnServer server;
    private final int emptyPort;
    private final CairnSite site;
    private final Subjects subjects;
    private final int millis;
    private double capacity;
    private Arrivals.Outcome half = new Arrivals.Outcome();
    private Arrivals.Outcome first = new Arrivals.Outcome();
    private Arrivals.Outcome four = new Arrivals.Outcome();
    private Arrivals.Outcome empty = new Arrivals.Outcome();
    private double halfAtServer;
    private double fourAtServer;

    Turn(CairnServer server, int emptyPort, CairnSite site, Subjects subjects) {
      this.server = server;
      this.emptyPort = emptyPort;
      this.site = site;
      this.subjects = subjects;
      this.millis = subjects.settings().seconds() * 1_000;
    }

    void warmUp() throws IOException {
      double rate = capacity(millis);
      for (int port : List.of(server.port(), emptyPort)) {
        try (Arrivals callers = arrivals(port, MAX_OPEN)) {
          callers.run(rate * 4, WARM_TURNS * millis);
        }
      }
    }

    void take() throws IOException {
      capacity = capacity(millis);
      try (Arrivals callers = arrivals(server.port(), MAX_OPEN)) {
        CallTimes begin = server.callTimes(METHOD);
        half = callers.run(capacity / 2, millis);
        halfAtServer = server.callTimes(METHOD).percentile99Since(begin);
        first = callers.run(capacity * 4, FIRST_MILLIS);
        begin = server.callTimes(METHOD);
        four = callers.run(capacity * 4, millis);
        fourAtServer = server.callTimes(METHOD).percentile99Since(begin);
      }
      try (Arrivals callers = arrivals(emptyPort, MAX_OPEN)) {
        callers.run(capacity * 4, FIRST_MILLIS);
        empty = callers.run(capacity * 4, millis);
      }
    }

    private double capacity(int duration) throws IOException {
      try (Arrivals callers = arrivals(server.port(), CLOSED)) {
        return callers.runClosed(duration).acceptedRate();
      }
    }

    private Arrivals arrivals(int port, int maxOpen) throws IOException {
      return new Arrivals(port, site.id(), maxOpen, subjects.nextSeed());
    }

    void tell(Results results) {
      int items = subjects.items();
      results.add(CALLER, items, Results.CAIRN, four.accepted().percentile(99));
      results.add(CALLER, items, HALF, half.accepted().percentile(99));
      results.add(CALLER, items, EMPTY, empty.accepted().percentile(99));
      results.add(FIRST, items, Results.CAIRN, first.accepted().percentile(99));
      results.add(FIRST, items, HALF, half.accepted().percentile(99));
      results.add(SERVER, items, Results.CAIRN, fourAtServer);
      results.add(SERVER, items, HALF, halfAtServer);
      results.add(RATE, items, Results.CAIRN, four.acceptedRate());
      results.add(RATE, items, CLOSED_LOOP, capacity);
      if (four.refused().count() > 0) {
        results.add(REFUSED, items, Results.CAIRN, four.refused().percentile(99));
      }
      results.note(
          String.format(
              Locale.ROOT,
              "Overload: half the load: %s; four times, first second: %s; then: %s; the empty call at that"
                  + " rate: %s.",
              told(half),
              told(first),
              told(four),
              told(empty)));
    }

    private static String told(Arrivals.Outcome outcome) {
      return String.format(
          Locale.ROOT,
          "offered %.0f/s, accepted %d (p50 %.1f, p99 %.1f ms), refused %d (p50 %.1f, p99 %.1f ms),"
              + " held back by the callers %d",
          outcome.offered(),
          outcome.accepted().count(),
          outcome.accepted().percentile(50),
          outcome.accepted().percentile(99),
          outcome.refused().count(),
          outcome.refused().percentile(50),
          outcome.refused().percentile(99),
          outcome.heldBack());
    }
  }
}
