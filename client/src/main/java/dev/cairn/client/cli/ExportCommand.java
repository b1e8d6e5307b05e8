package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.ItemExport;
import dev.cairn.client.jsonl.ItemWriter;
import dev.cairn.v1.ExportItemsRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn item export}. */
@Command(
    name = "export",
    description = {
      "Write the items of a collection, as they are at one moment, to a file of JSON Lines.",
      "Each line is a document as it is stored. Where its _id is missing or not the item's id, _id is"
          + " put first, so that an import finds the same ids again. A file appears under its name"
          + " when it is complete."
    })
final class ExportCommand extends OnItems {
  @Parameters(
      index = "2",
      paramLabel = "FILE",
      arity = "0..1",
      description = "What to write: FILE.jsonl, FILE.jsonl.gz, or - for stdout (default).")
  String file = "-";

  @Option(
      names = "--with-metadata",
      description =
          "Lines are {\"id\", \"owner\", \"createTime\", \"updateTime\", \"revision\", \"data\"}, the"
              + " document unchanged.")
  boolean withMetadata;

  @Option(
      names = "--after",
      paramLabel = "ITEM",
      description = "Only items whose id comes after this one.")
  String after = "";

  @Override
  @SuppressWarnings("try") // The interruption only has to be there.
  int run(CairnClient cairn, Output out) throws IOException {
    ExportItemsRequest request =
        ExportItemsRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(collectionId)
            .setEnvironment(environment())
            .setAfterItemId(after)
            .build();
    try (ItemExport export = cairn.items().exportItems(request)) {
      // Asked for before a file is touched: the collection may not be there.
      long total = export.itemCount();
      if (Files.isStandardStream(file)) {
        return write(export, total, Files.standardOutput(cli().terminal()));
      }
      try (Files.Target target = Files.create(file);
          CairnCli.Interruption interruption = cli().whenInterrupted(() -> discard(target))) {
        int code = write(export, total, target.content());
        if (code == ExitCode.OK) {
          target.complete();
        }
        return code;
      }
    }
  }

  private void discard(Files.Target target) {
    try {
      target.close();
    } catch (IOException e) {
      cli().terminal().err().println(Files.describe(e));
    }
  }

  private int write(ItemExport export, long total, OutputStream to) throws IOException {
    long start = System.nanoTime();
    long count = 0;
    try (ItemWriter writer = new ItemWriter(to, withMetadata);
        ProgressBar bar = cli().progress("export")) {
      while (export.hasNext()) {
        writer.write(export.next());
        count++;
        double fraction = after.isEmpty() && total > 0 ? Math.min(1, count / (double) total) : -1;
        bar.update(
            new ProgressBar.State("", fraction, count, fraction < 0 ? 0 : total, "items", ""));
      }
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    cli().remark("Exported " + Format.count(count, "item") + " (" + Format.span(took) + ").");
    if (export.resumptions() > 0) {
      cli()
          .remark(
              "warning: the connection broke "
                  + Format.count(export.resumptions(), "time")
                  + "; the items after a break are those of a later moment.");
    } else if (after.isEmpty() && count != total) {
      String message = "The server announced " + total + " items, but " + count + " came.";
      return cli().errors().of(ExitCode.FAILED, message, "Repeat it; this is a bug in the server.");
    }
    return ExitCode.OK;
  }
}
