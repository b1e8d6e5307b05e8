package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.CairnException;
import dev.cairn.client.ItemImport;
import dev.cairn.client.jsonl.BadLineException;
import dev.cairn.client.jsonl.ItemReader;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.ImportMode;
import dev.cairn.v1.Item;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn item import}. */
@Command(
    name = "import",
    description = {
      "Write the items of a file of JSON Lines: one JSON object on each line, UTF-8.",
      "Each document is kept byte for byte. If the connection breaks, the import goes on by itself;"
          + " if this command is stopped, --resume goes on with the same file."
    })
final class ImportCommand extends OnItems {
  @Parameters(
      index = "2",
      paramLabel = "FILE",
      description = "What to read: FILE.jsonl, FILE.jsonl.gz, or - for stdin.")
  String file;

  @Option(
      names = "--id-field",
      paramLabel = "KEY",
      description =
          "The member that has the id: a string, or a number as it is written. Default: _id. Where"
              + " it is missing, the server makes an id.")
  String idField = "_id";

  @Option(names = "--require-id", description = "A line without an id is an error.")
  boolean requireId;

  @Option(
      names = "--with-metadata",
      description =
          "Lines are {\"id\", \"owner\", \"data\", …}, as 'export --with-metadata' writes.")
  boolean withMetadata;

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description =
          "What to do with ids that are there: upsert replaces (default), insert-only stops with an"
              + " error, skip-existing leaves them as they are.")
  String mode = "upsert";

  @Option(
      names = "--create-collection",
      description = "Create the collection if it is not there, without schema.")
  boolean createCollection;

  @Option(
      names = "--skip-bad-lines",
      description =
          "Report lines that are no items and go on; the exit code is 1 if there were any. Default:"
              + " stop at the first, after the items before it are imported.")
  boolean skipBadLines;

  @Option(
      names = "--resume",
      paramLabel = "IMPORT_ID",
      description = "Go on with an import that was stopped, with the same file, within 24 hours.")
  @Nullable String resume;

  @Override
  @SuppressWarnings("try") // The interruption only has to be there.
  int run(CairnClient cairn, Output out) throws IOException {
    ImportItemsRequest opening =
        ImportItemsRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(collectionId)
            .setEnvironment(environment())
            .setImportId(resume == null ? UUID.randomUUID().toString() : resume)
            .setMode(Format.parse(ImportMode.class, mode.replace('_', '-')))
            .setCreateCollection(createCollection)
            .build();
    String goOn =
        "To go on: cairn item import "
            + siteId
            + " "
            + collectionId
            + " "
            + file
            + " --resume "
            + opening.getImportId();
    try (Files.Source source = Files.open(file, cli().terminal());
        ItemReader reader =
            new ItemReader(
                source.content(), new ItemReader.Format(idField, requireId, withMetadata));
        ProgressBar bar = cli().progress("import");
        CairnCli.Interruption interruption =
            cli().whenInterrupted(() -> cli().terminal().err().println(goOn))) {
      cli().remark("Import " + opening.getImportId() + (resume == null ? "" : " goes on") + ".");
      Lines lines = new Lines(reader);
      long start = System.nanoTime();
      ItemImport items =
          cairn
              .items()
              .importItems(
                  opening,
                  totals ->
                      bar.update(
                          new ProgressBar.State(
                              "", source.fraction(), totals.getReceivedCount(), 0, "items", "")));
      ImportItemsResponse totals;
      try {
        totals = items.run(lines);
      } catch (CairnException e) {
        bar.finish();
        return refused(e, items, lines, goOn);
      } catch (BadLineException e) {
        bar.finish();
        cli().remark("What comes before that line is imported. " + goOn);
        throw e;
      } catch (IllegalStateException e) {
        throw new UsageException(
            String.valueOf(e.getMessage()), "Give the same file as the first time.");
      }
      bar.finish();
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      out.show(totals, () -> summary(totals, took));
      return lines.bad == 0 ? ExitCode.OK : badLines(lines.bad);
    }
  }

  private int badLines(long count) {
    String message = Format.count(count, "bad line") + " left out.";
    return cli().errors().of(ExitCode.FAILED, message, "Correct them and import them again.");
  }

  private int refused(CairnException e, ItemImport items, Lines lines, String goOn) {
    OptionalLong index = items.refusedItem();
    String where = index.isPresent() ? "line " + lines.number(index.getAsLong()) + ": " : "";
    String hint = Hints.of(e, cli().server) + " Then: " + goOn.substring("To go on: ".length());
    return cli().errors().of(e, ExitCode.of(e), where, hint);
  }

  private static String summary(ImportItemsResponse totals, Duration took) {
    return "Imported "
        + Format.count(totals.getReceivedCount(), "item")
        + ": "
        + Format.count(totals.getInsertedCount())
        + " new, "
        + Format.count(totals.getUpdatedCount())
        + " replaced, "
        + Format.count(totals.getSkippedCount())
        + " skipped ("
        + Format.bytes(totals.getReceivedBytes())
        + ", "
        + Format.span(took)
        + ")\n";
  }

  /** The items of the file; knows the line of each that may still be refused. */
  private final class Lines implements Iterator<Item> {
    /** More than can be on their way at once. */
    private static final int REMEMBERED = 16_384;

    private final ItemReader reader;
    private final long[] numbers = new long[REMEMBERED];
    private long items;
    private long bad;

    Lines(ItemReader reader) {
      this.reader = reader;
    }

    @Override
    public boolean hasNext() {
      while (true) {
        try {
          return reader.hasNext();
        } catch (BadLineException e) {
          if (!skipBadLines) {
            throw e;
          }
          bad++;
          cli().terminal().err().println(e.getMessage());
        }
      }
    }

    @Override
    public Item next() {
      Item item = reader.next();
      numbers[(int) (items++ % REMEMBERED)] = reader.lineNumber();
      return item;
    }

    long number(long index) {
      return numbers[(int) (index % REMEMBERED)];
    }
  }
}
