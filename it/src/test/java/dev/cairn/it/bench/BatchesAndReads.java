package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;

/**
 * Batches of writes, each on disk before it is acknowledged, and reads of single items, by callers
 * that do not wait for others.
 */
final class BatchesAndReads implements Case {
  /** As many turns as it takes until all compilers are done. */
  private static final int WARM_TURNS = 3;

  @Override
  public String name() {
    return "batches";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    int millis = subjects.settings().seconds() * 1_000;
    for (int i = 0; i < WARM_TURNS; i++) {
      batches(subjects, Callers.MANY, millis);
      reads(subjects, Callers.MANY, millis);
    }
    int items = subjects.items();
    LimitProcess limit = subjects.limit();
    for (int callers : Callers.COUNTS) {
      Work batches = Work.rate("durable writes in batches of 100, " + callers + " callers", "");
      subjects.turns(
          counted -> {
            double cairn = batches(subjects, callers, millis) * Callers.BATCH;
            double plain = limit.call("write-batches", callers, millis) * Callers.BATCH;
            if (counted) {
              results.add(batches, items, Results.CAIRN, cairn);
              results.add(batches, items, Results.LIMIT + "WriteBatch(100)", plain);
            }
          });
    }
    try (CairnClient empty = limit.connect("port")) {
      for (int callers : Callers.COUNTS) {
        Work reads = Work.rate("reads of single items, " + callers + " callers", "");
        subjects.turns(
            counted -> {
              double cairn = reads(subjects, callers, millis);
              int each = subjects.dataset().itemsPerCollection();
              double plain = limit.call("read", callers, millis, each);
              double calls = Callers.saving(empty.channel(), "empty").run(callers, millis);
              if (counted) {
                results.add(reads, items, Results.CAIRN, cairn);
                results.add(reads, items, Results.LIMIT + "get by as many threads", plain);
                results.add(reads, items, Results.LIMIT + "empty gRPC call", calls);
              }
            });
      }
    }
  }

  private static double batches(Subjects subjects, int callers, int millis) {
    return Callers.batching(subjects.client().channel(), subjects.site().id()).run(callers, millis);
  }

  private static double reads(Subjects subjects, int callers, int millis) {
    return Callers.reading(subjects.client().channel(), subjects.site().id(), subjects.dataset())
        .run(callers, millis);
  }
}
