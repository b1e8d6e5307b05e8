package dev.cairn.client.cli;

import com.google.protobuf.ByteString;
import dev.cairn.client.CairnClient;
import dev.cairn.client.CairnException;
import dev.cairn.client.jsonl.ItemReader;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchDeleteItemsResponse;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CountItemsResponse;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.Environment;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListItemsResponse;
import dev.cairn.v1.PublishSandboxRequest;
import dev.cairn.v1.PublishSandboxResponse;
import dev.cairn.v1.QueryItemsRequest;
import dev.cairn.v1.QueryItemsResponse;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import dev.cairn.v1.SortKey;
import dev.cairn.v1.SortOrder;
import dev.cairn.v1.TruncateCollectionRequest;
import dev.cairn.v1.TruncateCollectionResponse;
import dev.cairn.v1.UpdateItemRequest;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code cairn item …}; import and export have files of their own. Long, but a row of short verbs.
 */
@Command(
    name = "item",
    description = "Items: JSON documents, single or by file.",
    subcommands = {
      ItemCommands.Insert.class,
      ItemCommands.Get.class,
      ItemCommands.Update.class,
      ItemCommands.Save.class,
      ItemCommands.Delete.class,
      ItemCommands.ListSome.class,
      ItemCommands.Count.class,
      ItemCommands.Truncate.class,
      ImportCommand.class,
      ExportCommand.class,
      ItemCommands.Publish.class
    })
final class ItemCommands extends Group {
  private static final int MAX_BATCH = 1_000;
  private static final int MAX_PAGE = 1_000;

  /** A verb that writes one item. */
  abstract static class Write extends OnItems {
    @Parameters(
        index = "2",
        paramLabel = "DATA",
        arity = "0..1",
        description = "The document: a JSON object, @FILE, or - for stdin (default).")
    String data = "-";

    @Option(
        names = "--id",
        paramLabel = "ID",
        description =
            "Id of the item. Default: the document's _id; without one the server makes it.")
    @Nullable String id;

    @Option(
        names = "--owner",
        paramLabel = "OWNER",
        description = "Whom it belongs to. Default: nobody, or as it is.")
    String owner = "";

    final Item item() throws IOException {
      ByteString document;
      if (data.equals("-")) {
        document = read("-");
      } else if (data.startsWith("@")) {
        document = read(data.substring(1));
      } else {
        document = ByteString.copyFromUtf8(data);
      }
      String idField = id == null ? "_id" : "";
      Item item = ItemReader.item(document, new ItemReader.Format(idField, false, false));
      return item.toBuilder().setId(id == null ? item.getId() : id).setOwner(owner).build();
    }

    private ByteString read(String file) throws IOException {
      try (Files.Source source = Files.open(file, cli().terminal())) {
        return ByteString.readFrom(source.content());
      }
    }
  }

  @Command(name = "insert", description = "Add an item that is not there yet.")
  static final class Insert extends Write {
    @Override
    int run(CairnClient cairn, Output out) throws IOException {
      Item item =
          cairn
              .items()
              .insert(
                  InsertItemRequest.newBuilder()
                      .setSiteId(siteId)
                      .setCollectionId(collectionId)
                      .setEnvironment(environment())
                      .setItem(item())
                      .build());
      out.show(item, () -> Views.item(item));
      return ExitCode.OK;
    }
  }

  @Command(name = "get", description = "Show an item.")
  static final class Get extends OnItems {
    @Parameters(index = "2", paramLabel = "ITEM", description = "Id of the item.")
    String itemId;

    @Option(names = "--raw", description = "Only the document, byte for byte.")
    boolean raw;

    @Override
    int run(CairnClient cairn, Output out) {
      Item item =
          cairn
              .items()
              .get(
                  GetItemRequest.newBuilder()
                      .setSiteId(siteId)
                      .setCollectionId(collectionId)
                      .setEnvironment(environment())
                      .setItemId(itemId)
                      .build());
      show(out, item, raw);
      return ExitCode.OK;
    }
  }

  static void show(Output out, Item item, boolean raw) {
    if (raw) {
      out.write(item.getData().concat(ByteString.copyFromUtf8("\n")).toByteArray());
    } else {
      out.show(item, () -> Views.item(item));
    }
  }

  @Command(
      name = "update",
      description = "Replace an item that is there; what the new document leaves out is gone.")
  static final class Update extends Write {
    @Option(
        names = "--revision",
        paramLabel = "N",
        description = "Only if it still has this revision.")
    @Nullable Long revision;

    @Override
    int run(CairnClient cairn, Output out) throws IOException {
      UpdateItemRequest.Builder request =
          UpdateItemRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment())
              .setItem(item());
      if (revision != null) {
        request.setExpectedRevision(revision);
      }
      Item item = cairn.items().update(request.build());
      out.show(item, () -> Views.item(item));
      return ExitCode.OK;
    }
  }

  @Command(name = "save", description = "Add an item, or replace the one that has its id.")
  static final class Save extends Write {
    @Option(
        names = "--revision",
        paramLabel = "N",
        description = "Only if it has this revision; 0: only if it is not there.")
    @Nullable Long revision;

    @Override
    int run(CairnClient cairn, Output out) throws IOException {
      SaveItemRequest.Builder request =
          SaveItemRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment())
              .setItem(item());
      if (revision != null) {
        request.setExpectedRevision(revision);
      }
      SaveItemResponse saved = cairn.items().save(request.build());
      out.show(saved, () -> Views.item(saved.getItem()));
      cli().remark("The item is " + Format.lower(Format.name(saved.getOutcome())) + ".");
      return ExitCode.OK;
    }
  }

  @Command(name = "delete", description = "Remove items: up to 1,000 at once or none.")
  static final class Delete extends OnItems {
    @Parameters(index = "2..*", arity = "1..*", paramLabel = "ITEM", description = "Ids of items.")
    List<String> itemIds = List.of();

    @Option(names = "--allow-missing", description = "No error if there is no such item.")
    boolean allowMissing;

    @Option(
        names = "--revision",
        paramLabel = "N",
        description = "Only if it still has this revision; for one item.")
    @Nullable Long revision;

    @Override
    int run(CairnClient cairn, Output out) {
      if (itemIds.size() == 1) {
        return deleteOne(cairn, out);
      }
      if (revision != null || itemIds.size() > MAX_BATCH) {
        throw new UsageException(
            revision != null ? "--revision is for one item." : "More than 1,000 items.",
            "Delete them in several commands.");
      }
      BatchDeleteItemsRequest.Builder request =
          BatchDeleteItemsRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment())
              .setAllowMissing(allowMissing);
      itemIds.forEach(id -> request.addEntriesBuilder().setItemId(id));
      BatchDeleteItemsResponse deleted = cairn.items().batchDelete(request.build());
      out.show(
          deleted,
          () ->
              "Deleted "
                  + Format.count(deleted.getDeletedCount())
                  + " of "
                  + itemIds.size()
                  + ".\n");
      return ExitCode.OK;
    }

    private int deleteOne(CairnClient cairn, Output out) {
      DeleteItemRequest.Builder request =
          DeleteItemRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment())
              .setItemId(itemIds.get(0))
              .setAllowMissing(allowMissing);
      if (revision != null) {
        request.setExpectedRevision(revision);
      }
      boolean deleted = cairn.items().delete(request.build());
      BatchDeleteItemsResponse.Builder answer =
          BatchDeleteItemsResponse.newBuilder().setDeletedCount(deleted ? 1 : 0);
      if (!deleted) {
        answer.addMissingItemIds(itemIds.get(0));
      }
      out.show(answer, () -> deleted ? "Deleted 1 of 1.\n" : "It was not there.\n");
      return ExitCode.OK;
    }
  }

  @Command(name = "list", description = "List items, ordered by id unless --sort says otherwise.")
  static final class ListSome extends OnItems {
    @Mixin Selection selection = new Selection();

    @Option(
        names = "--view",
        paramLabel = "VIEW",
        description = "Filter and order of this view of the collection.")
    String view = "";

    @Option(
        names = "--sort",
        paramLabel = "PATH[:desc]",
        description = "Order by this value; repeatable.")
    List<String> sort = List.of();

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        description = "At most so many. Default: 100. To read everything: cairn item export.")
    int limit = 100;

    @Override
    int run(CairnClient cairn, Output out) {
      ListItemsResponse found =
          selection.isEmpty() && view.isEmpty() && sort.isEmpty() ? listed(cairn) : queried(cairn);
      out.show(found, () -> Views.items(found.getItemsList(), Instant.now()));
      if (!found.getNextPageToken().isEmpty()) {
        cli().remark("There are more: --limit N shows more of them.");
      }
      return ExitCode.OK;
    }

    private ListItemsResponse listed(CairnClient cairn) {
      ListItemsResponse.Builder all = ListItemsResponse.newBuilder();
      do {
        ListItemsResponse page =
            cairn
                .items()
                .page(
                    ListItemsRequest.newBuilder()
                        .setSiteId(siteId)
                        .setCollectionId(collectionId)
                        .setEnvironment(environment())
                        .setPageSize(pageSize(all.getItemsCount()))
                        .setPageToken(all.getNextPageToken())
                        .build());
        all.addAllItems(page.getItemsList())
            .setTotalSize(page.getTotalSize())
            .setNextPageToken(page.getNextPageToken());
      } while (!all.getNextPageToken().isEmpty() && all.getItemsCount() < limit);
      return all.build();
    }

    private ListItemsResponse queried(CairnClient cairn) {
      ListItemsResponse.Builder all = ListItemsResponse.newBuilder();
      QueryItemsRequest.Builder request =
          QueryItemsRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment())
              .setView(view);
      if (!selection.isEmpty()) {
        request.setFilter(selection.filter());
      }
      sort.forEach(key -> request.addSort(sortKey(key)));
      // The same size for all pages: the other fields must stay as they are.
      request.setPageSize(pageSize(0));
      do {
        QueryItemsResponse page =
            cairn.items().page(request.setPageToken(all.getNextPageToken()).build());
        all.addAllItems(page.getItemsList()).setNextPageToken(page.getNextPageToken());
      } while (!all.getNextPageToken().isEmpty() && all.getItemsCount() < limit);
      return all.build();
    }

    private int pageSize(int have) {
      return Math.max(1, Math.min(MAX_PAGE, limit - have));
    }

    private static SortKey sortKey(String text) {
      boolean descending = text.endsWith(":desc");
      return SortKey.newBuilder()
          .setField(descending ? text.substring(0, text.length() - ":desc".length()) : text)
          .setOrder(descending ? SortOrder.SORT_ORDER_DESCENDING : SortOrder.SORT_ORDER_ASCENDING)
          .build();
    }
  }

  @Command(name = "count", description = "Count items, exactly.")
  static final class Count extends OnItems {
    @Mixin Selection selection = new Selection();

    @Override
    int run(CairnClient cairn, Output out) {
      CountItemsRequest.Builder request =
          CountItemsRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setEnvironment(environment());
      if (!selection.isEmpty()) {
        request.setFilter(selection.filter());
      }
      long count = cairn.items().count(request.build());
      out.show(CountItemsResponse.newBuilder().setItemCount(count), () -> count + "\n");
      return ExitCode.OK;
    }
  }

  @Command(
      name = "truncate",
      description = "Remove all items of a collection; the collection stays.")
  static final class Truncate extends OnItems {
    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      String where = environment() == Environment.ENVIRONMENT_SANDBOX ? " (sandbox)" : "";
      confirmation.ask(
          cli(), "Remove all items of " + collectionId + where + " in " + siteId + "?");
      long count =
          cairn
              .items()
              .truncate(
                  TruncateCollectionRequest.newBuilder()
                      .setSiteId(siteId)
                      .setCollectionId(collectionId)
                      .setEnvironment(environment())
                      .build());
      out.show(
          TruncateCollectionResponse.newBuilder().setDeletedCount(count),
          () -> "Removed " + Format.count(count, "item") + ".\n");
      return ExitCode.OK;
    }
  }

  @Command(
      name = "publish",
      description =
          "Copy SANDBOX items over LIVE: new ones are added, same ids replaced, nothing removed.")
  static final class Publish extends OnSite {
    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "COLLECTION",
        description = "Ids of the collections. Default: all.")
    List<String> collectionIds = new ArrayList<>();

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) throws CairnException {
      String what = collectionIds.isEmpty() ? "all collections" : String.join(", ", collectionIds);
      confirmation.ask(
          cli(), "Copy the sandbox of " + what + " over the live items of " + siteId + "?");
      PublishSandboxResponse published =
          cairn
              .items()
              .publishSandbox(
                  PublishSandboxRequest.newBuilder()
                      .setSiteId(siteId)
                      .addAllCollectionIds(collectionIds)
                      .build());
      out.show(published, () -> published(published));
      return ExitCode.OK;
    }

    private static String published(PublishSandboxResponse published) {
      Table table = new Table("COLLECTION", "ADDED>", "REPLACED>");
      for (PublishSandboxResponse.CollectionResult row : published.getCollectionsList()) {
        table.row(
            row.getCollectionId(),
            Format.count(row.getInsertedCount()),
            Format.count(row.getUpdatedCount()));
      }
      return table.toString();
    }
  }
}
