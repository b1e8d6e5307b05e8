package dev.cairn.client.cli;

import com.google.protobuf.FieldMask;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.cairn.client.CairnClient;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.FieldType;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.UpdateCollectionRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn collection …}. */
@Command(
    name = "collection",
    description = "Collections: named sets of items with a schema and views.",
    subcommands = {
      CollectionCommands.Create.class,
      CollectionCommands.Get.class,
      CollectionCommands.ListAll.class,
      CollectionCommands.Update.class,
      CollectionCommands.Delete.class
    })
final class CollectionCommands extends Group {
  private static final String FIELD =
      "A declared field, such as price:number or name:text! (! says required); types: any, text,"
          + " rich-text, number, boolean, date, time, date-time, url, email, image, video, audio,"
          + " document, address, object, array, reference, multi-reference. Repeatable.";
  private static final String FROM =
      "File with the collection as JSON, as 'get -o json' prints it (displayName, fields, views);"
          + " - is stdin.";

  /** Reads a message that was given as JSON. */
  static void merge(String json, Message.Builder into, String what) {
    try {
      JsonFormat.parser().merge(json, into);
    } catch (InvalidProtocolBufferException e) {
      throw new UsageException(
          what + " is not right: " + e.getMessage(),
          "Write it in the JSON form of the contract's message "
              + into.getDescriptorForType().getName()
              + ".");
    }
  }

  private static Collection.Builder from(CairnCli cli, @Nullable String file) throws IOException {
    Collection.Builder collection = Collection.newBuilder();
    if (file != null) {
      try (Files.Source source = Files.open(file, cli.terminal())) {
        String json = new String(source.content().readAllBytes(), StandardCharsets.UTF_8);
        merge(json, collection, "The collection in " + file);
      }
    }
    return collection;
  }

  private static CollectionField field(String text) {
    boolean required = text.endsWith("!");
    String declared = required ? text.substring(0, text.length() - 1) : text;
    int colon = declared.lastIndexOf(':');
    return CollectionField.newBuilder()
        .setKey(colon < 0 ? declared : declared.substring(0, colon))
        .setType(
            colon < 0
                ? FieldType.FIELD_TYPE_ANY
                : Format.parse(FieldType.class, declared.substring(colon + 1)))
        .setRequired(required)
        .build();
  }

  @Command(name = "create", description = "Create an empty collection.")
  static final class Create extends OnSite {
    @Parameters(
        index = "1",
        paramLabel = "COLLECTION",
        description = "Its id: up to 256 of A-Z a-z 0-9 . _ -, beginning with a letter or digit.")
    String collectionId;

    @Option(names = "--name", paramLabel = "TEXT", description = "Name for people.")
    @Nullable String displayName;

    @Option(names = "--field", paramLabel = "KEY[:TYPE][!]", description = FIELD)
    List<String> fields = List.of();

    @Option(names = "--from", paramLabel = "FILE", description = FROM)
    @Nullable String from;

    @Override
    int run(CairnClient cairn, Output out) throws IOException {
      Collection.Builder collection = from(cli(), from).setId(collectionId);
      if (displayName != null) {
        collection.setDisplayName(displayName);
      }
      fields.forEach(field -> collection.addFields(field(field)));
      Collection made =
          cairn
              .collections()
              .create(
                  CreateCollectionRequest.newBuilder()
                      .setSiteId(siteId)
                      .setCollection(collection)
                      .build());
      out.show(made, () -> Views.collection(made));
      return ExitCode.OK;
    }
  }

  @Command(name = "get", description = "Show a collection with its schema, views and counts.")
  static final class Get extends OnCollection {
    @Override
    int run(CairnClient cairn, Output out) {
      Collection collection = cairn.collections().get(siteId, collectionId);
      out.show(collection, () -> Views.collection(collection));
      return ExitCode.OK;
    }
  }

  @Command(name = "list", description = "List the collections of a site.")
  static final class ListAll extends OnSite {
    @Override
    int run(CairnClient cairn, Output out) {
      ListCollectionsResponse.Builder all = ListCollectionsResponse.newBuilder();
      ListCollectionsRequest.Builder request =
          ListCollectionsRequest.newBuilder().setSiteId(siteId).setPageSize(1_000);
      do {
        ListCollectionsResponse page = cairn.collections().page(request.build());
        all.addAllCollections(page.getCollectionsList()).setTotalSize(page.getTotalSize());
        request.setPageToken(page.getNextPageToken());
      } while (!request.getPageToken().isEmpty());
      out.show(all.build(), () -> Views.collections(all.getCollectionsList(), Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "update",
      description =
          "Replace the name, the fields or the views of a collection; its items stay as they are.")
  static final class Update extends OnCollection {
    @Option(names = "--name", paramLabel = "TEXT", description = "Name for people.")
    @Nullable String displayName;

    @Option(
        names = "--field",
        paramLabel = "KEY[:TYPE][!]",
        description = FIELD + " Those given replace all that are there.")
    List<String> fields = List.of();

    @Option(
        names = "--from",
        paramLabel = "FILE",
        description = FROM + " Replaces name, fields and views.")
    @Nullable String from;

    @Option(
        names = "--revision",
        paramLabel = "N",
        description = "Only if it still has this revision.")
    @Nullable Long revision;

    @Override
    int run(CairnClient cairn, Output out) throws IOException {
      Collection.Builder collection = from(cli(), from).setId(collectionId);
      FieldMask.Builder mask = FieldMask.newBuilder();
      if (from != null) {
        mask.addPaths("display_name").addPaths("fields").addPaths("views");
      }
      if (displayName != null) {
        collection.setDisplayName(displayName);
        mask.addPaths("display_name");
      }
      if (!fields.isEmpty()) {
        collection.clearFields();
        fields.forEach(field -> collection.addFields(field(field)));
        mask.addPaths("fields");
      }
      if (mask.getPathsCount() == 0) {
        throw new UsageException("Nothing to change.", "Give --name, --field or --from.");
      }
      List<String> paths = mask.getPathsList().stream().distinct().toList();
      UpdateCollectionRequest.Builder request =
          UpdateCollectionRequest.newBuilder()
              .setSiteId(siteId)
              .setCollection(collection)
              .setUpdateMask(FieldMask.newBuilder().addAllPaths(paths));
      if (revision != null) {
        request.setExpectedRevision(revision);
      }
      Collection changed = cairn.collections().update(request.build());
      out.show(changed, () -> Views.collection(changed));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "delete",
      description = "Delete a collection with its items. Backups that hold it keep it.")
  static final class Delete extends OnCollection {
    @Option(names = "--allow-missing", description = "No error if there is no such collection.")
    boolean allowMissing;

    @Option(
        names = "--revision",
        paramLabel = "N",
        description = "Only if it still has this revision.")
    @Nullable Long revision;

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      confirmation.ask(
          cli(), "Delete collection " + collectionId + " of " + siteId + " with its items?");
      DeleteCollectionRequest.Builder request =
          DeleteCollectionRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(collectionId)
              .setAllowMissing(allowMissing);
      if (revision != null) {
        request.setExpectedRevision(revision);
      }
      cairn.collections().delete(request.build());
      cli().remark("Collection " + collectionId + " is deleted.");
      return ExitCode.OK;
    }
  }
}
