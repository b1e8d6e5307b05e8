package dev.cairn.server.grpc;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.cairn.server.auth.TestIssuer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One site cannot reach another by any field of any rpc: a caller who may do everything on one site
 * puts the ids, tokens and cursors of the other into each field in turn, as the descriptors list
 * them. What a field that nobody thought of means has to be said here: most of the class is that
 * one table, which is to be read as a whole.
 */
@Tag("exhaustive")
class IsolationTest {
  private static final TestIssuer ISSUER = new TestIssuer();
  private static final String ALL =
      "items.read,items.write,backups.list,backups.create,backups.delete,backups.restore,"
          + "schedules.manage,administer";

  /** In everything that the other site holds, and nowhere else. */
  private static final String SECRET = "kept-from-strangers";

  private static final List<ServiceDescriptor> SERVICES =
      List.of(
          SiteServiceGrpc.getServiceDescriptor(),
          CollectionServiceGrpc.getServiceDescriptor(),
          ItemServiceGrpc.getServiceDescriptor(),
          BackupServiceGrpc.getServiceDescriptor(),
          RestorationServiceGrpc.getServiceDescriptor(),
          BackupScheduleServiceGrpc.getServiceDescriptor(),
          EventServiceGrpc.getServiceDescriptor());

  /** Texts that name nothing, and what only answers fill. */
  private static final Set<String> FREE =
      Set.of(
          "description",
          "detail",
          "display_name",
          "owner",
          "creator",
          "message",
          "key",
          "value",
          "view",
          "name",
          "fields",
          "field",
          "paths",
          "cron",
          "time_zone",
          "string_value",
          "starts_with",
          "contains",
          "field_key",
          "lines");

  /** What a plain request has. */
  private static final Set<String> PLAIN =
      Set.of(
          "site_id",
          "collection_id",
          "item_id",
          "item_ids",
          "backup_id",
          "restoration_id",
          "import_id",
          "item",
          "entries",
          "collection",
          "backup",
          "backup_schedule",
          "collections");

  private static final Pattern READS = Pattern.compile("^(Get|List|BatchGet|Query|Export|Watch)");

  @TempDir Path directory;
  private TestServer server;
  private Channel root;
  private Channel stranger;
  private Place mine;
  private Place theirs;

  /** What one site has that a request could name. */
  private record Place(
      String site,
      String collection,
      String item,
      Backup backup,
      Restoration restoration,
      String requestId,
      String importId,
      String cursor,
      String previewToken) {

    /** The value of a field by its name and the message that it is in; empty if it is free. */
    Optional<String> named(FieldDescriptor field) {
      return switch (field.getName()) {
        case "site_id", "destination_site_id" -> Optional.of(site);
        case "collection_id",
            "collection_ids",
            "requested_collection_ids",
            "referenced_collection_id" ->
            Optional.of(collection);
        case "item_id", "item_ids", "after_item_id" -> Optional.of(item);
        case "backup_id", "evicted_backup_ids", "last_backup_id", "next_evicted_backup_id" ->
            Optional.of(backup.getId());
        case "restoration_id", "undo_of_restoration_id", "safety_backup_id" ->
            Optional.of(restoration.getId());
        case "request_id" -> Optional.of(requestId);
        case "import_id" -> Optional.of(importId);
        case "etag" -> Optional.of(backup.getEtag());
        case "after_cursor", "cursor" -> Optional.of(cursor);
        case "preview_token" -> Optional.of(previewToken);
        case "id" ->
            switch (field.getContainingType().getName()) {
              case "Item" -> Optional.of(item);
              case "Collection" -> Optional.of(collection);
              case "Backup" -> Optional.of(backup.getId());
              default -> Optional.empty();
            };
        default -> Optional.empty();
      };
    }
  }

  /** A request with one field of the other site. */
  private record Attempt(MethodDescriptor<Message, Message> rpc, String field, Message request) {
    @Override
    public String toString() {
      return rpc.getBareMethodName() + " with " + field;
    }
  }

  /** What came of a call. */
  private record Outcome(List<Message> answers, Optional<CallError> error) {
    boolean tellsTheSecret() {
      ByteString secret = ByteString.copyFromUtf8(SECRET);
      return answers.stream().anyMatch(each -> contains(each.toByteString(), secret))
          || error.map(each -> each.toString().contains(SECRET)).orElse(false);
    }

    private static boolean contains(ByteString all, ByteString part) {
      return all.toString(java.nio.charset.StandardCharsets.ISO_8859_1)
          .contains(part.toStringUtf8());
    }

    String reason() {
      return error.map(CallError::reason).orElse("OK");
    }
  }

  @BeforeEach
  void start() {
    server =
        TestServer.knowing(
            ISSUER, directory, "watch.heartbeat", "300ms", "backup.on-demand-limit", "50");
    root = server.as(ISSUER.token("root", "*=" + ALL));
    stranger = server.as(ISSUER.token("eve", "mine=" + ALL));
    mine = furnish("mine", "books", "draft", "plain");
    theirs = furnish("theirs", "vault", "crown", SECRET);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Place furnish(String site, String collection, String item, String text) {
    var made =
        SiteServiceGrpc.newBlockingStub(root)
            .createSite(
                CreateSiteRequest.newBuilder().setSiteId(site).setDisplayName(text).build());
    assertThat(made.hasSite()).isTrue();
    for (String each : List.of(collection, collection + "-2")) {
      fill(site, each, item, text);
    }
    String requestId = UUID.randomUUID().toString();
    Backup backup = backUp(site, text, requestId);
    Backup second = backUp(site, text, UUID.randomUUID().toString());
    Restoration restoration = restore(backup);
    assertThat(restore(second).getId()).isNotEqualTo(restoration.getId());
    return new Place(
        site,
        collection,
        item,
        verified(backup),
        restoration,
        requestId,
        importInto(site, collection),
        cursor(site),
        RestorationServiceGrpc.newBlockingStub(root)
            .previewRestoration(
                PreviewRestorationRequest.newBuilder()
                    .setSiteId(site)
                    .setBackupId(backup.getId())
                    .build())
            .getPreviewToken());
  }

  private void fill(String site, String collection, String item, String text) {
    var made =
        CollectionServiceGrpc.newBlockingStub(root)
            .createCollection(
                CreateCollectionRequest.newBuilder()
                    .setSiteId(site)
                    .setCollection(Collection.newBuilder().setId(collection).setDisplayName(text))
                    .build());
    assertThat(made.hasCollection()).isTrue();
    for (String id : List.of(item, item + "-2")) {
      var saved =
          ItemServiceGrpc.newBlockingStub(root)
              .saveItem(
                  SaveItemRequest.newBuilder()
                      .setSiteId(site)
                      .setCollectionId(collection)
                      .setItem(TestServer.item(id, "{\"text\":\"" + text + "\"}"))
                      .build());
      assertThat(saved.hasItem()).isTrue();
    }
  }

  private Backup backUp(String site, String text, String requestId) {
    Backup asked =
        BackupServiceGrpc.newBlockingStub(root)
            .createBackup(
                CreateBackupRequest.newBuilder()
                    .setSiteId(site)
                    .setDescription(text)
                    .putLabels("text", text)
                    .setRequestId(requestId)
                    .build())
            .getBackup();
    return verified(asked);
  }

  /** As it is once nothing works on it any more. */
  private Backup verified(Backup backup) {
    Backup[] now = {backup};
    TestServer.eventually(
        () -> {
          now[0] =
              BackupServiceGrpc.newBlockingStub(root)
                  .getBackup(
                      GetBackupRequest.newBuilder()
                          .setSiteId(backup.getSiteId())
                          .setBackupId(backup.getId())
                          .build())
                  .getBackup();
          return now[0].getVerification().getState()
              == VerificationState.VERIFICATION_STATE_VERIFIED;
        });
    return now[0];
  }

  private Restoration restore(Backup backup) {
    Restoration asked =
        RestorationServiceGrpc.newBlockingStub(root)
            .restoreBackup(
                RestoreBackupRequest.newBuilder()
                    .setSiteId(backup.getSiteId())
                    .setBackupId(backup.getId())
                    .build())
            .getRestoration();
    List<WatchRestorationResponse> seen =
        TestServer.all(
            RestorationServiceGrpc.newBlockingStub(root)
                .watchRestoration(
                    WatchRestorationRequest.newBuilder()
                        .setSiteId(asked.getSiteId())
                        .setRestorationId(asked.getId())
                        .build()));
    return seen.get(seen.size() - 1).getRestoration();
  }

  /** The id of an import that is known. */
  private String importInto(String site, String collection) {
    ImportItemsRequest opening =
        ImportItemsRequest.newBuilder()
            .setSiteId(site)
            .setCollectionId(collection)
            .setImportId(UUID.randomUUID().toString())
            .build();
    OpenCall call = OpenCall.of(root, ItemServiceGrpc.getImportItemsMethod(), opening, 1);
    call.finish();
    TestServer.eventually(call::hasEnded);
    return opening.getImportId();
  }

  private String cursor(String site) {
    return EventServiceGrpc.newBlockingStub(root)
        .watchEvents(
            WatchEventsRequest.newBuilder()
                .setSiteId(site)
                .setStartFrom(EventStart.EVENT_START_BEGINNING)
                .build())
        .next()
        .getCursor();
  }

  @Test
  void noFieldOfAnyRpcReachesAnotherSite() {
    List<Message> before = everythingOf(theirs);
    Map<String, String> outcomes = new TreeMap<>();
    List<String> leaks = new ArrayList<>();

    for (Attempt attempt : attempts()) {
      Outcome outcome = call(stranger, attempt.rpc(), attempt.request());
      outcomes.put(attempt.toString(), outcome.reason());
      if (outcome.tellsTheSecret()) {
        leaks.add(attempt + ": " + outcome);
      }
    }

    assertThat(leaks).isEmpty();
    assertThat(outcomes).hasSizeGreaterThan(120);
    assertThat(outcomes.values())
        .as("%s", outcomes)
        .doesNotContain("INTERNAL", "DATA_CORRUPT", "STORAGE_FAILED");
    outcomes.forEach(
        (attempt, reason) -> {
          if (attempt.endsWith(" site_id") || attempt.endsWith(" destination_site_id")) {
            // These two have no site to be denied: the first only filters what one may see.
            boolean lists = attempt.startsWith("ListSites");
            assertThat(reason).as(attempt).isEqualTo(lists ? "OK" : "PERMISSION_DENIED");
          } else if (attempt.endsWith(" backup_id") && !attempt.startsWith("List")) {
            assertThat(reason).as(attempt).isEqualTo("BACKUP_NOT_FOUND");
          } else if (attempt.endsWith(" restoration_id")) {
            assertThat(reason).as(attempt).isEqualTo("RESTORATION_NOT_FOUND");
          } else if (attempt.endsWith(" page_token") && !attempt.startsWith("ListSites")) {
            assertThat(reason).as(attempt).isEqualTo("INVALID_PAGE_TOKEN");
          } else if (attempt.endsWith(" preview_token")) {
            assertThat(reason).as(attempt).isEqualTo("INVALID_ARGUMENT");
          }
        });
    assertThat(everythingOf(theirs)).isEqualTo(before);
  }

  /** Sees that what is looked for above would be found. */
  @Test
  void whoMayReadTheOtherSiteFindsWhatStrangersMayNot() {
    Channel friend = server.as(ISSUER.token("ada", "mine=" + ALL, "theirs=" + ALL));
    Set<String> telling = new TreeSet<>();
    Set<String> denied = new TreeSet<>();
    for (MethodDescriptor<Message, Message> rpc : rpcs()) {
      Message request = plain(rpc, theirs);
      if (call(stranger, rpc, request).reason().equals("PERMISSION_DENIED")) {
        denied.add(rpc.getBareMethodName());
      }
      if (READS.matcher(String.valueOf(rpc.getBareMethodName())).find()
          && call(friend, rpc, request).tellsTheSecret()) {
        telling.add(rpc.getBareMethodName());
      }
    }

    assertThat(telling)
        .contains(
            "GetSite",
            "GetCollection",
            "ListCollections",
            "GetItem",
            "BatchGetItems",
            "ListItems",
            "QueryItems",
            "ExportItems",
            "GetBackup",
            "ListBackups",
            "WatchBackup",
            "GetBackupItem",
            "ListBackupItems",
            "GetRestoration",
            "ListRestorations",
            "WatchRestoration");
    assertThat(denied).containsAll(telling.stream().filter(e -> !e.equals("ListSites")).toList());
  }

  @Test
  void idsThatAreWaysThroughDirectoriesLeadNowhere() {
    Set<Path> before = files();
    List<String> tricks =
        List.of(
            "..",
            ".",
            "../theirs",
            "mine/../theirs",
            "./mine",
            "/etc/passwd",
            "..\\theirs",
            "theirs\u0000",
            "%2e%2e%2ftheirs",
            "theirs/gen-000001",
            "CURRENT/..",
            "~root",
            "a\nb",
            "\u202etheirs",
            "x".repeat(5_000));
    List<String> accepted = new ArrayList<>();
    for (MethodDescriptor<Message, Message> rpc : rpcs()) {
      for (List<FieldDescriptor> path : ways(input(rpc))) {
        FieldDescriptor leaf = path.get(path.size() - 1);
        boolean item = leaf.getName().contains("item") || leaf.getName().equals("after_cursor");
        if (mine.named(leaf).isEmpty() || item || isIdOfItem(leaf)) {
          continue; // the ids of items are keys, and no part of a path
        }
        for (String trick : tricks) {
          Outcome outcome = call(root, rpc, with(plain(rpc, mine), path, trick));
          assertThat(outcome.reason())
              .as("%s %s %s", rpc.getBareMethodName(), leaf.getName(), trick)
              .isNotIn("INTERNAL", "DATA_CORRUPT", "STORAGE_FAILED");
          if (outcome.error().isEmpty() && isRead(leaf)) {
            accepted.add(rpc.getBareMethodName() + " " + leaf.getName() + " " + trick);
          }
        }
      }
    }
    assertThat(accepted).isEmpty();
    assertThat(files()).isEqualTo(before);
    assertThat(everythingOf(theirs)).isNotEmpty();
  }

  private static boolean isIdOfItem(FieldDescriptor field) {
    return field.getName().equals("id") && field.getContainingType().getName().equals("Item");
  }

  /** Not those that only answers fill or a mask leaves out, nor the prefix that ListSites takes. */
  private static boolean isRead(FieldDescriptor field) {
    String type = field.getContainingType().getName();
    return (type.endsWith("Request") && !type.equals("ListSitesRequest"))
        || type.equals("RestorationSelection")
        || type.equals("RestorationDestination");
  }

  /** The directories in which whatever an id names would turn up. */
  private Set<Path> files() {
    try (Stream<Path> found = Files.walk(directory, 3)) {
      return found
          .filter(each -> !each.startsWith(directory.resolve("data/catalog")))
          .filter(each -> !each.getFileName().toString().startsWith("MARK-")) // the catalog's
          .filter(each -> !each.startsWith(directory.resolve("data/backups/mine")))
          .filter(each -> !each.startsWith(directory.resolve("data/sites/mine")))
          .collect(toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Message> everythingOf(Place place) {
    List<Message> all = new ArrayList<>();
    for (MethodDescriptor<Message, Message> rpc : rpcs()) {
      if (Set.of(
              "GetSite",
              "ListCollections",
              "ListItems",
              "ListBackups",
              "ListRestorations",
              "GetBackupSchedule",
              "ListBackupItems")
          .contains(rpc.getBareMethodName())) {
        Outcome outcome = call(root, rpc, plain(rpc, place));
        assertThat(outcome.error()).as("%s", rpc).isEmpty();
        all.addAll(outcome.answers());
      }
    }
    return all;
  }

  private List<Attempt> attempts() {
    List<Attempt> attempts = new ArrayList<>();
    for (MethodDescriptor<Message, Message> rpc : rpcs()) {
      for (List<FieldDescriptor> path : ways(input(rpc))) {
        FieldDescriptor leaf = path.get(path.size() - 1);
        String name = String.join(".", path.stream().map(FieldDescriptor::getName).toList());
        Optional<String> value =
            leaf.getName().equals("page_token") ? Optional.of(pageToken(rpc)) : theirs.named(leaf);
        assertThat(value.isPresent() || FREE.contains(leaf.getName()))
            .as("what %s of %s means to other sites", name, rpc.getBareMethodName())
            .isTrue();
        value.ifPresent(
            text -> attempts.add(new Attempt(rpc, name, with(plain(rpc, mine), path, text))));
      }
    }
    return attempts;
  }

  private String pageToken(MethodDescriptor<Message, Message> rpc) {
    Descriptor type = input(rpc);
    Message first =
        plain(rpc, theirs).toBuilder().setField(type.findFieldByName("page_size"), 1).build();
    if (rpc.getBareMethodName().equals("ListSites")) {
      first = first.toBuilder().clearField(type.findFieldByName("site_id")).build();
    }
    Message page = call(root, rpc, first).answers().get(0);
    Object token = page.getField(page.getDescriptorForType().findFieldByName("next_page_token"));
    assertThat((String) token).as("%s has a second page", rpc.getBareMethodName()).isNotEmpty();
    return (String) token;
  }

  // Requests by their descriptors.

  @SuppressWarnings("unchecked") // every rpc of the contract takes and gives a message
  private static List<MethodDescriptor<Message, Message>> rpcs() {
    return SERVICES.stream()
        .flatMap(service -> service.getMethods().stream())
        .<MethodDescriptor<Message, Message>>map(
            each -> (MethodDescriptor<Message, Message>) (MethodDescriptor<?, ?>) each)
        .toList();
  }

  private static Descriptor input(MethodDescriptor<Message, Message> rpc) {
    return ((ProtoMethodDescriptorSupplier) rpc.getSchemaDescriptor())
        .getMethodDescriptor()
        .getInputType();
  }

  /** The ways to every text in a message. */
  private static List<List<FieldDescriptor>> ways(Descriptor type) {
    List<List<FieldDescriptor>> all = new ArrayList<>();
    collect(type, List.of(), all);
    return all;
  }

  private static void collect(
      Descriptor type, List<FieldDescriptor> way, List<List<FieldDescriptor>> all) {
    for (FieldDescriptor field : type.getFields()) {
      List<FieldDescriptor> here = new ArrayList<>(way);
      here.add(field);
      if (field.getJavaType() == FieldDescriptor.JavaType.STRING) {
        all.add(here);
      } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
          && !field.isMapField()
          && field.getMessageType().getFile().getPackage().equals("cairn.v1")
          && way.stream().noneMatch(e -> e.getMessageType().equals(field.getMessageType()))) {
        collect(field.getMessageType(), here, all);
      }
    }
  }

  private static Message plain(MethodDescriptor<Message, Message> rpc, Place place) {
    PrototypeMarshaller<Message> requests =
        (PrototypeMarshaller<Message>) rpc.getRequestMarshaller();
    Message.Builder builder = Objects.requireNonNull(requests.getMessagePrototype()).toBuilder();
    furnish(builder, place);
    if (input(rpc).getName().equals("ListRestorationsRequest")) {
      builder.clearField(input(rpc).findFieldByName("backup_id")); // it would leave out the others
    }
    Map<String, String> masks =
        Map.of(
            "UpdateBackup", "description",
            "UpdateCollection", "display_name",
            "UpdateBackupSchedule", "paused");
    FieldDescriptor mask = input(rpc).findFieldByName("update_mask");
    if (mask != null) {
      builder.setField(
          mask,
          FieldMask.newBuilder()
              .addPaths(masks.getOrDefault(rpc.getBareMethodName(), "*"))
              .build());
    }
    return builder.build();
  }

  private static void furnish(Message.Builder builder, Place place) {
    for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
      boolean plain = PLAIN.contains(field.getName()) || field.getName().equals("id");
      if (!plain) {
        if (field.getName().equals("data") && field.getContainingType().getName().equals("Item")) {
          builder.setField(field, ByteString.copyFromUtf8("{}"));
        }
        continue;
      }
      Object value;
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        Message.Builder inner = builder.newBuilderForField(field);
        furnish(inner, place);
        value = inner.build();
      } else {
        value = place.named(field).orElse("");
      }
      if (field.isRepeated()) {
        builder.addRepeatedField(field, value);
      } else {
        builder.setField(field, value);
      }
    }
  }

  private static Message with(Message request, List<FieldDescriptor> way, String value) {
    Message.Builder builder = request.toBuilder();
    FieldDescriptor field = way.get(0);
    Function<@Nullable Message, Object> changed =
        before ->
            way.size() == 1
                ? value
                : with(
                    before == null ? builder.newBuilderForField(field).build() : before,
                    way.subList(1, way.size()),
                    value);
    if (!field.isRepeated()) {
      Message before = way.size() == 1 ? null : (Message) builder.getField(field);
      builder.setField(field, changed.apply(before));
    } else if (builder.getRepeatedFieldCount(field) == 0) {
      builder.addRepeatedField(field, changed.apply(null));
    } else {
      Message before = way.size() == 1 ? null : (Message) builder.getRepeatedField(field, 0);
      builder.setRepeatedField(field, 0, changed.apply(before));
    }
    return builder.build();
  }

  /** Everything that the call answers; of a watch, until it has nothing more to say. */
  private static Outcome call(
      Channel channel, MethodDescriptor<Message, Message> rpc, Message request) {
    List<Message> answers = new ArrayList<>();
    CompletableFuture<Optional<CallError>> end = new CompletableFuture<>();
    ClientCall<Message, Message> call =
        channel.newCall(rpc, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS));
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(Message message) {
            answers.add(message);
            FieldDescriptor heartbeat = message.getDescriptorForType().findFieldByName("heartbeat");
            if (heartbeat != null && message.getField(heartbeat).equals(true)) {
              end.complete(Optional.empty());
            }
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            if (!end.isDone()) { // otherwise it ends because enough was heard
              end.complete(
                  status.isOk()
                      ? Optional.empty()
                      : Optional.of(CallError.of(status.asRuntimeException(trailers))));
            }
          }
        },
        new Metadata());
    call.request(1_000);
    call.sendMessage(request);
    call.halfClose();
    Outcome outcome = new Outcome(answers, end.join());
    call.cancel("enough", null);
    return outcome;
  }
}
