package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.ItemServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Durable writes that come whether or not earlier ones are answered: at half of what the server can
 * do, and at four times as much. What callers who wait for each answer get out of it is what it can
 * do. The accepted calls are to keep their latency; those too many are to be refused soon.
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

    void take() throws IOException {
      try (Arrivals callers = arrivals(server.port(), CLOSED)) {
        capacity = callers.runClosed(millis).acceptedRate();
      }
      CallTimes begin = server.callTimes(METHOD);
      half = run(server.port(), capacity / 2);
      CallTimes between = server.callTimes(METHOD);
      four = run(server.port(), capacity * 4);
      CallTimes end = server.callTimes(METHOD);
      halfAtServer = between.percentile99Since(begin);
      fourAtServer = end.percentile99Since(between);
      empty = run(emptyPort, capacity * 4);
    }

    private Arrivals.Outcome run(int port, double rate) throws IOException {
      try (Arrivals callers = arrivals(port, MAX_OPEN)) {
        return callers.run(rate, millis);
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
              "Overload: half the load: %s; four times: %s; the empty call at that rate: %s.",
              told(half),
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
