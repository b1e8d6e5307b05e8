package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.BackupCollection;
import dev.cairn.v1.ExportItemsRequest;

/** Many items in, and many items out. */
final class Throughput implements Case {
  static final Work IMPORT = Work.rate("import", ">= 0.6 WriteBatch");
  private static final Work EXPORT = Work.rate("export", ">= 0.6 scan, or >= 0.8 gRPC");

  private static final Work IMPORT_BYTES = Work.rate("import, megabytes", "");
  private static final Work EXPORT_BYTES = Work.rate("export, megabytes", "");

  private static final Work IMPORT_PROCESSOR = Work.processor("import");
  private static final Work EXPORT_PROCESSOR = Work.processor("export");

  /** As many as the server puts into one message of an export. */
  private static final int ITEMS_PER_MESSAGE = 500;

  @Override
  public String name() {
    return "throughput";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    int items = subjects.items();
    try (CairnClient empty = subjects.limit().connect("port")) {
      subjects.turns(
          counted -> {
            CairnServer server = subjects.server();
            LimitProcess limit = subjects.limit();
            double start = server.processorMicros();
            double imported = imports(subjects);
            double importing = (server.processorMicros() - start) / items;
            start = limit.processorMicros();
            double plain = limit.call("load", items);
            double plainLoading = (limit.processorMicros() - start) / items;
            double sent = sends(empty, subjects);
            start = server.processorMicros();
            double exported = exports(subjects);
            double exporting = (server.processorMicros() - start) / items;
            double scanned = limit.call("scan");
            start = limit.processorMicros();
            double streamed = streams(empty, items);
            double streaming = (limit.processorMicros() - start) / items;
            if (counted) {
              results.add(IMPORT_PROCESSOR, items, Results.CAIRN, importing);
              results.add(
                  IMPORT_PROCESSOR, items, Results.LIMIT + "WriteBatch(1000)", plainLoading);
              results.add(EXPORT_PROCESSOR, items, Results.CAIRN, exporting);
              results.add(EXPORT_PROCESSOR, items, Results.LIMIT + "empty gRPC stream", streaming);
              double megabytes = megabytesEach(subjects);
              results.add(IMPORT_BYTES, items, Results.CAIRN, imported * megabytes);
              results.add(EXPORT_BYTES, items, Results.CAIRN, exported * megabytes);
              results.add(IMPORT, items, Results.CAIRN, imported);
              results.add(IMPORT, items, Results.LIMIT + "WriteBatch(1000)", plain);
              results.add(IMPORT, items, Results.LIMIT + "empty gRPC stream", sent);
              results.add(EXPORT, items, Results.CAIRN, exported);
              results.add(EXPORT, items, Results.LIMIT + "iterator", scanned);
              results.add(EXPORT, items, Results.LIMIT + "empty gRPC stream", streamed);
            }
          });
    }
  }

  /** Of an item, as it is stored, before compression. */
  private static double megabytesEach(Subjects subjects) {
    return subjects.backup().getCollectionsList().stream()
            .mapToLong(BackupCollection::getSizeBytes)
            .sum()
        / 1e6
        / subjects.items();
  }

  private static double imports(Subjects subjects) {
    CairnSite fresh = CairnSite.create(subjects.client(), "import-" + subjects.nextSeed());
    long begin = System.nanoTime();
    fresh.load(subjects.dataset());
    double took = Subjects.millisSince(begin);
    fresh.delete();
    return subjects.items() / (took / 1_000);
  }

  /** The same items, made and sent in the same way, to nobody. */
  private static double sends(CairnClient empty, Subjects subjects) {
    long begin = System.nanoTime();
    new CairnSite(empty, "empty").load(subjects.dataset());
    return subjects.items() / (Subjects.millisSince(begin) / 1_000);
  }

  private static double exports(Subjects subjects) {
    long begin = System.nanoTime();
    long count = subjects.site().export();
    double took = Subjects.millisSince(begin);
    return count / (took / 1_000);
  }

  private static double streams(CairnClient empty, int items) {
    long count = 0;
    long begin = System.nanoTime();
    try (var stream =
        empty
            .items()
            .exportItems(
                ExportItemsRequest.newBuilder()
                    .setSiteId("empty")
                    .setCollectionId("empty")
                    .setAfterItemId(items + " " + Math.min(items, ITEMS_PER_MESSAGE))
                    .build())) {
      while (stream.hasNext()) {
        count += stream.next().getData().isEmpty() ? 0 : 1;
      }
    }
    double took = Subjects.millisSince(begin);
    return count / (took / 1_000);
  }
}
