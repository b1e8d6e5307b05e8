package dev.cairn.server.grpc;

import static dev.cairn.server.auth.Permission.ADMINISTER;
import static dev.cairn.server.auth.Permission.CREATE_BACKUPS;
import static dev.cairn.server.auth.Permission.DELETE_BACKUPS;
import static dev.cairn.server.auth.Permission.LIST_BACKUPS;
import static dev.cairn.server.auth.Permission.MANAGE_SCHEDULES;
import static dev.cairn.server.auth.Permission.READ_ITEMS;
import static dev.cairn.server.auth.Permission.RESTORE_BACKUPS;
import static dev.cairn.server.auth.Permission.WRITE_ITEMS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.FieldMask;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Grants;
import dev.cairn.server.auth.Permission;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupScheduleServiceProto;
import dev.cairn.v1.BackupServiceProto;
import dev.cairn.v1.CollectionServiceProto;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.EventServiceProto;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ItemServiceProto;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.RestorationServiceProto;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.SiteServiceProto;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.WatchEventsRequest;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each permission alone against each rpc, written down a second time. */
class RightsTest {
  private static final List<FileDescriptor> FILES =
      List.of(
          SiteServiceProto.getDescriptor(),
          CollectionServiceProto.getDescriptor(),
          ItemServiceProto.getDescriptor(),
          BackupServiceProto.getDescriptor(),
          RestorationServiceProto.getDescriptor(),
          BackupScheduleServiceProto.getDescriptor(),
          EventServiceProto.getDescriptor());

  private static final Rights RIGHTS = Rights.ofContract();

  private static final Set<Permission> NOBODY_ALONE = Set.of();

  /** The permissions of which each one alone lets a plain request pass. */
  private static final Map<String, Set<Permission>> ENOUGH =
      Map.ofEntries(
          Map.entry("SiteService/CreateSite", Set.of(ADMINISTER)),
          Map.entry("SiteService/GetSite", EnumSet.allOf(Permission.class)),
          Map.entry("SiteService/ListSites", EnumSet.allOf(Permission.class)),
          Map.entry("SiteService/DeleteSite", Set.of(ADMINISTER)),
          Map.entry("CollectionService/CreateCollection", Set.of(ADMINISTER)),
          Map.entry("CollectionService/GetCollection", Set.of(READ_ITEMS, WRITE_ITEMS, ADMINISTER)),
          Map.entry(
              "CollectionService/ListCollections", Set.of(READ_ITEMS, WRITE_ITEMS, ADMINISTER)),
          Map.entry("CollectionService/UpdateCollection", Set.of(ADMINISTER)),
          Map.entry("CollectionService/DeleteCollection", NOBODY_ALONE),
          Map.entry("ItemService/InsertItem", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/GetItem", Set.of(READ_ITEMS)),
          Map.entry("ItemService/UpdateItem", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/SaveItem", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/DeleteItem", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/BatchSaveItems", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/BatchGetItems", Set.of(READ_ITEMS)),
          Map.entry("ItemService/BatchDeleteItems", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/ListItems", Set.of(READ_ITEMS)),
          Map.entry("ItemService/QueryItems", Set.of(READ_ITEMS)),
          Map.entry("ItemService/CountItems", Set.of(READ_ITEMS)),
          Map.entry("ItemService/TruncateCollection", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/ImportItems", Set.of(WRITE_ITEMS)),
          Map.entry("ItemService/ExportItems", Set.of(READ_ITEMS)),
          Map.entry("ItemService/PublishSandbox", Set.of(WRITE_ITEMS)),
          Map.entry("BackupService/CreateBackup", Set.of(CREATE_BACKUPS)),
          Map.entry("BackupService/GetBackup", Set.of(LIST_BACKUPS)),
          Map.entry("BackupService/ListBackups", Set.of(LIST_BACKUPS)),
          Map.entry("BackupService/UpdateBackup", Set.of(CREATE_BACKUPS)),
          Map.entry("BackupService/DeleteBackup", Set.of(DELETE_BACKUPS)),
          Map.entry("BackupService/CancelBackup", Set.of(CREATE_BACKUPS)),
          Map.entry("BackupService/VerifyBackup", Set.of(CREATE_BACKUPS)),
          Map.entry("BackupService/WatchBackup", Set.of(LIST_BACKUPS)),
          Map.entry("BackupService/ListBackupItems", NOBODY_ALONE),
          Map.entry("BackupService/GetBackupItem", NOBODY_ALONE),
          Map.entry("RestorationService/PreviewRestoration", Set.of(RESTORE_BACKUPS)),
          Map.entry("RestorationService/RestoreBackup", Set.of(RESTORE_BACKUPS)),
          Map.entry("RestorationService/RestorePartialBackup", Set.of(RESTORE_BACKUPS)),
          Map.entry("RestorationService/GetRestoration", Set.of(LIST_BACKUPS)),
          Map.entry("RestorationService/ListRestorations", Set.of(LIST_BACKUPS)),
          Map.entry("RestorationService/CancelRestoration", Set.of(RESTORE_BACKUPS)),
          Map.entry("RestorationService/UndoRestoration", Set.of(RESTORE_BACKUPS)),
          Map.entry("RestorationService/WatchRestoration", Set.of(LIST_BACKUPS)),
          Map.entry(
              "BackupScheduleService/GetBackupSchedule", Set.of(LIST_BACKUPS, MANAGE_SCHEDULES)),
          Map.entry("BackupScheduleService/UpdateBackupSchedule", Set.of(MANAGE_SCHEDULES)),
          Map.entry("EventService/WatchEvents", Set.of(LIST_BACKUPS)));

  static Stream<MethodDescriptor> rpcs() {
    return FILES.stream()
        .flatMap(file -> file.getServices().stream())
        .flatMap(service -> service.getMethods().stream());
  }

  @Test
  void everyRpcHasARule() {
    assertThat(RIGHTS.methods())
        .containsExactlyInAnyOrderElementsOf(rpcs().map(RightsTest::path).toList());
    assertThat(rpcs().map(RightsTest::shortName))
        .containsExactlyInAnyOrderElementsOf(ENOUGH.keySet());
  }

  /** What names a site that a rule may have to ask about. A new such field must be thought of. */
  @Test
  void noFieldOfARequestNamesASiteUnnoticed() {
    Map<String, Set<String>> found = new TreeMap<>();
    rpcs()
        .forEach(
            rpc ->
                siteFields(rpc.getInputType(), new TreeSet<>())
                    .forEach(
                        field ->
                            found
                                .computeIfAbsent(field, name -> new TreeSet<>())
                                .add(rpc.getName())));

    found.remove("site_id");
    // Output only; what a client puts there is not read.
    found.remove("backup.site_id");
    found.remove("collection.site_id");
    found.remove("backup_schedule.site_id");
    assertThat(found)
        .isEqualTo(
            Map.of(
                "destination_site_id",
                Set.of("PreviewRestoration", "RestoreBackup", "RestorePartialBackup")));
    rpcs()
        .forEach(
            rpc ->
                assertThat(rpc.getInputType().findFieldByName("site_id"))
                    .as("%s", rpc)
                    .isNotNull());
  }

  private static Set<String> siteFields(Descriptor type, Set<String> seen) {
    Set<String> fields = new TreeSet<>();
    for (FieldDescriptor field : type.getFields()) {
      if (field.getName().contains("site")) {
        fields.add(field.getName());
      }
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
          && seen.add(field.getMessageType().getFullName())) {
        siteFields(field.getMessageType(), seen)
            .forEach(inner -> fields.add(field.getName() + "." + inner));
      }
    }
    return fields;
  }

  @ParameterizedTest
  @MethodSource("rpcs")
  void eachPermissionAloneIsEnoughForWhatItIsFor(MethodDescriptor rpc) {
    Message request = onSite(rpc, "shop");
    for (Permission permission : Permission.values()) {
      boolean enough = ENOUGH.getOrDefault(shortName(rpc), Set.of()).contains(permission);

      assertThat(passes(rpc, request, Map.of("shop", Set.of(permission))))
          .as("%s with %s", shortName(rpc), permission)
          .isEqualTo(enough);
      assertThat(passes(rpc, request, Map.of("*", Set.of(permission))))
          .as("%s with %s everywhere", shortName(rpc), permission)
          .isEqualTo(enough);
    }
  }

  @ParameterizedTest
  @MethodSource("rpcs")
  void rightsOnAnotherSiteAreNoneOnThisOne(MethodDescriptor rpc) {
    Map<String, Set<Permission>> other =
        Map.of(
            "shop2",
            EnumSet.allOf(Permission.class),
            "sho",
            EnumSet.allOf(Permission.class),
            "Shop",
            EnumSet.allOf(Permission.class),
            "",
            EnumSet.allOf(Permission.class));

    assertThat(passes(rpc, onSite(rpc, "shop"), other))
        .isEqualTo(shortName(rpc).equals("SiteService/ListSites"));
    assertThat(passes(rpc, onSite(rpc, "shop"), Map.of()))
        .isEqualTo(shortName(rpc).equals("SiteService/ListSites"));
  }

  @ParameterizedTest
  @MethodSource("rpcs")
  void onlyTheRightToRestoreRestores(MethodDescriptor rpc) {
    Map<String, Set<Permission>> allButOne =
        Map.of("*", EnumSet.complementOf(EnumSet.of(RESTORE_BACKUPS)));
    Set<String> restoring =
        Set.of(
            "PreviewRestoration",
            "RestoreBackup",
            "RestorePartialBackup",
            "CancelRestoration",
            "UndoRestoration");

    assertThat(passes(rpc, onSite(rpc, "shop"), allButOne))
        .isEqualTo(!restoring.contains(rpc.getName()));
  }

  @Test
  void aCloneNeedsRightsOnBothSites() {
    Set<Permission> from = Set.of(RESTORE_BACKUPS, READ_ITEMS);
    Set<Permission> to = Set.of(RESTORE_BACKUPS, ADMINISTER);
    Map<String, Message> clones =
        Map.of(
            "PreviewRestoration",
            PreviewRestorationRequest.newBuilder()
                .setSiteId("shop")
                .setDestinationSiteId("copy")
                .build(),
            "RestoreBackup",
            RestoreBackupRequest.newBuilder()
                .setSiteId("shop")
                .setDestinationSiteId("copy")
                .build(),
            "RestorePartialBackup",
            RestorePartialBackupRequest.newBuilder()
                .setSiteId("shop")
                .setDestinationSiteId("copy")
                .build());
    clones.forEach(
        (rpc, request) -> {
          String method = "cairn.v1.RestorationService/" + rpc;
          assertThat(passes(method, request, Map.of("shop", from, "copy", to))).isTrue();
          for (Permission each : Permission.values()) {
            assertThat(passes(method, request, Map.of("shop", without(from, each), "copy", to)))
                .isEqualTo(!from.contains(each));
            assertThat(passes(method, request, Map.of("shop", from, "copy", without(to, each))))
                .isEqualTo(!to.contains(each));
          }
          assertThat(passes(method, request, Map.of("shop", EnumSet.allOf(Permission.class))))
              .isFalse();
          assertThat(passes(method, request, Map.of("copy", EnumSet.allOf(Permission.class))))
              .isFalse();
        });
  }

  @Test
  void deletingASiteWithItsContentNeedsTheRightToDeleteEach() {
    Message forced = DeleteSiteRequest.newBuilder().setSiteId("shop").setForce(true).build();
    Set<Permission> enough = Set.of(ADMINISTER, WRITE_ITEMS, DELETE_BACKUPS);

    assertThat(passes("cairn.v1.SiteService/DeleteSite", forced, Map.of("shop", enough))).isTrue();
    for (Permission each : enough) {
      assertThat(
              passes(
                  "cairn.v1.SiteService/DeleteSite", forced, Map.of("shop", without(enough, each))))
          .isFalse();
    }
  }

  @Test
  void deletingACollectionNeedsBothRights() {
    MethodDescriptor rpc =
        rpcs().filter(each -> each.getName().equals("DeleteCollection")).findFirst().orElseThrow();

    assertThat(passes(rpc, onSite(rpc, "shop"), Map.of("shop", Set.of(ADMINISTER, WRITE_ITEMS))))
        .isTrue();
  }

  @Test
  void takingAPinAwayNeedsTheRightToDelete() {
    String method = "cairn.v1.BackupService/UpdateBackup";
    Map<String, Set<Permission>> maker = Map.of("shop", Set.of(CREATE_BACKUPS));
    Map<String, Set<Permission>> both = Map.of("shop", Set.of(CREATE_BACKUPS, DELETE_BACKUPS));

    assertThat(passes(method, update(true, "pinned"), maker)).isTrue();
    assertThat(passes(method, update(false, "description"), maker)).isTrue();
    assertThat(passes(method, update(false, "pinned"), maker)).isFalse();
    assertThat(passes(method, update(false, "*"), maker)).isFalse();
    assertThat(passes(method, update(false, "pinned"), both)).isTrue();
  }

  private static Message update(boolean pinned, String path) {
    return UpdateBackupRequest.newBuilder()
        .setSiteId("shop")
        .setBackup(Backup.newBuilder().setPinned(pinned))
        .setUpdateMask(FieldMask.newBuilder().addPaths(path))
        .build();
  }

  @Test
  void anImportThatMakesItsCollectionNeedsTheRightToMakeOne() {
    Message request =
        ImportItemsRequest.newBuilder().setSiteId("shop").setCreateCollection(true).build();

    assertThat(
            passes(
                "cairn.v1.ItemService/ImportItems", request, Map.of("shop", Set.of(WRITE_ITEMS))))
        .isFalse();
    assertThat(
            passes(
                "cairn.v1.ItemService/ImportItems",
                request,
                Map.of("shop", Set.of(WRITE_ITEMS, ADMINISTER))))
        .isTrue();
  }

  @Test
  void aWatchOfAllSitesNeedsNone() {
    assertThat(
            passes(
                "cairn.v1.EventService/WatchEvents",
                WatchEventsRequest.getDefaultInstance(),
                Map.of()))
        .isTrue();
  }

  @Test
  void saysWhatIsMissingWhere() {
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class,
            () ->
                Rights.require(
                    caller(Map.of("shop", Set.of(LIST_BACKUPS))),
                    RIGHTS.of(
                        "cairn.v1.BackupService/GetBackupItem",
                        dev.cairn.v1.GetBackupItemRequest.newBuilder().setSiteId("shop").build())));

    assertThat(refusal.reason()).isEqualTo(Reason.PERMISSION_DENIED);
    assertThat(refusal.metadata()).isEqualTo(Map.of("permission", "items.read", "site_id", "shop"));
    assertThat(refusal).hasMessage("this needs the permission items.read on the site shop");
  }

  @Test
  void foreignServicesThatTellOfConnectionsNeedTheRightToAdministerAll() {
    assertThat(RIGHTS.ofForeign("grpc.reflection.v1.ServerReflection/ServerReflectionInfo"))
        .isEmpty();
    assertThat(RIGHTS.ofForeign("grpc.channelz.v1.Channelz/GetServers"))
        .containsExactly(Rights.Need.all("*", ADMINISTER));
  }

  private static Set<Permission> without(Set<Permission> permissions, Permission one) {
    return permissions.stream().filter(each -> each != one).collect(Collectors.toSet());
  }

  private static Message onSite(MethodDescriptor rpc, String site) {
    Descriptor type = rpc.getInputType();
    DynamicMessage dynamic =
        DynamicMessage.newBuilder(type).setField(type.findFieldByName("site_id"), site).build();
    try {
      Object parser =
          Class.forName("dev.cairn.v1." + type.getName()).getMethod("parser").invoke(null);
      return (Message) ((Parser<?>) parser).parseFrom(dynamic.toByteString());
    } catch (ReflectiveOperationException | InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean passes(
      MethodDescriptor rpc, Message request, Map<String, Set<Permission>> grants) {
    return passes(path(rpc), request, grants);
  }

  private static boolean passes(
      String method, Message request, Map<String, Set<Permission>> grants) {
    try {
      Rights.require(caller(grants), RIGHTS.of(method, request));
      return true;
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.PERMISSION_DENIED);
      return false;
    }
  }

  private static Caller caller(Map<String, Set<Permission>> grants) {
    return new Caller("ada", new Grants(grants), Instant.MAX, Optional.empty());
  }

  private static String path(MethodDescriptor rpc) {
    return rpc.getService().getFullName() + "/" + rpc.getName();
  }

  private static String shortName(MethodDescriptor rpc) {
    return rpc.getService().getName() + "/" + rpc.getName();
  }
}
