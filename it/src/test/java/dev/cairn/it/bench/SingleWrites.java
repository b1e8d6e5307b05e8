package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;

/**
 * Single writes, each on disk before it is acknowledged, by callers that do not wait for others.
 *
 * <p>All servers are warmed up by many callers first: one caller makes so few calls that their
 * compilers would be at work for all of its turns.
 */
final class SingleWrites implements Case {
  /** As many turns as it takes until all compilers are done. */
  private static final int WARM_TURNS = 5;

  @Override
  public String name() {
    return "writes";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    int millis = subjects.settings().seconds() * 1_000;
    try (CairnClient empty = subjects.limit().connect("port");
        CairnClient put = subjects.limit().connect("put-port")) {
      for (int i = 0; i < WARM_TURNS; i++) {
        Callers.saving(subjects.client().channel(), subjects.site().id()).run(Callers.MANY, millis);
        Callers.saving(empty.channel(), "empty").run(Callers.MANY, millis);
        Callers.saving(put.channel(), "put").run(Callers.MANY, millis);
      }
      for (int callers : Callers.COUNTS) {
        Work work =
            Work.rate(
                "durable writes, " + callers + " callers", callers == Callers.MANY ? ">= 0.5" : "");
        Work processor = Work.processor("durable writes, " + callers + " callers");
        subjects.turns(
            counted -> {
              double start = subjects.server().processorMicros();
              double cairn =
                  Callers.saving(subjects.client().channel(), subjects.site().id())
                      .run(callers, millis);
              double each =
                  (subjects.server().processorMicros() - start) / (cairn * millis / 1_000);
              double plain = subjects.limit().call("write", callers, millis);
              double calls = Callers.saving(empty.channel(), "empty").run(callers, millis);
              double puts = Callers.saving(put.channel(), "put").run(callers, millis);
              if (counted) {
                int items = subjects.items();
                results.add(work, items, Results.CAIRN, cairn);
                results.add(processor, items, Results.CAIRN, each);
                results.add(work, items, Results.LIMIT + "put by as many threads", plain);
                results.add(work, items, Results.LIMIT + "empty gRPC call", calls);
                results.add(work, items, Results.LIMIT + "gRPC call with a put", puts);
              }
            });
      }
    }
  }
}
