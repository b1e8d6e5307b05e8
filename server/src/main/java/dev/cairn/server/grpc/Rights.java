package dev.cairn.server.grpc;

import static dev.cairn.server.auth.Permission.ADMINISTER;
import static dev.cairn.server.auth.Permission.CREATE_BACKUPS;
import static dev.cairn.server.auth.Permission.DELETE_BACKUPS;
import static dev.cairn.server.auth.Permission.LIST_BACKUPS;
import static dev.cairn.server.auth.Permission.MANAGE_SCHEDULES;
import static dev.cairn.server.auth.Permission.READ_ITEMS;
import static dev.cairn.server.auth.Permission.RESTORE_BACKUPS;
import static dev.cairn.server.auth.Permission.WRITE_ITEMS;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Grants;
import dev.cairn.server.auth.Permission;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.WatchEventsRequest;
import io.grpc.MethodDescriptor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which permissions each rpc needs, on which sites. A request is asked before anything is looked
 * up, so that a caller without rights learns nothing of what exists.
 *
 * <p>No right lets one do by a detour what another right guards: a clone lets its new site read
 * what the old one holds, so it needs the right to read that; deleting a site with all that is in
 * it needs the right to delete each.
 *
 * <p>Immutable.
 */
final class Rights {
  /** What foreign services need: these tell of all connections, the others only of the contract. */
  private static final String CHANNELZ = "grpc.channelz.";

  /** Longer ones are no ids. */
  private static final int MAX_SITE_ID = 64;

  private final Map<String, Rule> rules;

  /** What one request needs. */
  private interface Rule {
    List<Need> of(Message request);
  }

  /**
   * What is needed on one site.
   *
   * @param all whether all of the permissions are needed, or one of them is enough
   */
  record Need(String siteId, Set<Permission> permissions, boolean all) {
    static Need all(String siteId, Permission... permissions) {
      return new Need(siteId, Set.of(permissions), true);
    }

    static Need any(String siteId, Permission... permissions) {
      return new Need(siteId, Set.of(permissions), false);
    }

    boolean isMetBy(Set<Permission> granted) {
      return all
          ? granted.containsAll(permissions)
          : permissions.stream().anyMatch(granted::contains);
    }

    /** What the caller would have to get, for programs. */
    private String missing(Set<Permission> granted) {
      return permissions.stream()
          .filter(each -> !granted.contains(each))
          .sorted()
          .map(Permission::title)
          .collect(Collectors.joining(all ? "," : "|"));
    }
  }

  private Rights(Map<String, Rule> rules) {
    this.rules = Map.copyOf(rules);
  }

  /** Those of the contract. */
  static Rights ofContract() {
    Table table = new Table();
    sites(table);
    collectionsAndItems(table);
    backups(table);
    restorations(table);
    return new Rights(table.rules);
  }

  private static void sites(Table table) {
    table
        .needs(SiteServiceGrpc.getCreateSiteMethod(), Rights::createSite)
        .needsAny(SiteServiceGrpc.getGetSiteMethod(), Permission.values())
        .needsLogin(SiteServiceGrpc.getListSitesMethod()) // answers what the caller may see
        .needs(SiteServiceGrpc.getDeleteSiteMethod(), Rights::deleteSite);
  }

  private static List<Need> createSite(CreateSiteRequest request) {
    return List.of(Need.all(request.getSiteId(), ADMINISTER));
  }

  private static List<Need> deleteSite(DeleteSiteRequest request) {
    return List.of(
        request.getForce()
            ? Need.all(request.getSiteId(), ADMINISTER, WRITE_ITEMS, DELETE_BACKUPS)
            : Need.all(request.getSiteId(), ADMINISTER));
  }

  private static void collectionsAndItems(Table table) {
    Permission[] reader = {READ_ITEMS, WRITE_ITEMS, ADMINISTER};
    table
        .needsAll(CollectionServiceGrpc.getCreateCollectionMethod(), ADMINISTER)
        .needsAny(CollectionServiceGrpc.getGetCollectionMethod(), reader)
        .needsAny(CollectionServiceGrpc.getListCollectionsMethod(), reader)
        .needsAll(CollectionServiceGrpc.getUpdateCollectionMethod(), ADMINISTER)
        .needsAll(CollectionServiceGrpc.getDeleteCollectionMethod(), ADMINISTER, WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getInsertItemMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getGetItemMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getUpdateItemMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getSaveItemMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getDeleteItemMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getBatchSaveItemsMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getBatchGetItemsMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getBatchDeleteItemsMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getListItemsMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getQueryItemsMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getCountItemsMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getTruncateCollectionMethod(), WRITE_ITEMS)
        .needsAll(ItemServiceGrpc.getExportItemsMethod(), READ_ITEMS)
        .needsAll(ItemServiceGrpc.getPublishSandboxMethod(), WRITE_ITEMS)
        .needs(ItemServiceGrpc.getImportItemsMethod(), Rights::importItems);
  }

  private static List<Need> importItems(ImportItemsRequest request) {
    if (request.getSiteId().isEmpty()) {
      return List.of(); // a batch: of the site that the opening message named, or of none
    }
    return List.of(
        request.getCreateCollection()
            ? Need.all(request.getSiteId(), WRITE_ITEMS, ADMINISTER)
            : Need.all(request.getSiteId(), WRITE_ITEMS));
  }

  private static void backups(Table table) {
    table
        .needsAll(BackupServiceGrpc.getCreateBackupMethod(), CREATE_BACKUPS)
        .needsAll(BackupServiceGrpc.getGetBackupMethod(), LIST_BACKUPS)
        .needsAll(BackupServiceGrpc.getListBackupsMethod(), LIST_BACKUPS)
        .needs(BackupServiceGrpc.getUpdateBackupMethod(), Rights::updateBackup)
        .needsAll(BackupServiceGrpc.getDeleteBackupMethod(), DELETE_BACKUPS)
        .needsAll(BackupServiceGrpc.getCancelBackupMethod(), CREATE_BACKUPS)
        .needsAll(BackupServiceGrpc.getVerifyBackupMethod(), CREATE_BACKUPS)
        .needsAll(BackupServiceGrpc.getWatchBackupMethod(), LIST_BACKUPS)
        .needsAll(BackupServiceGrpc.getListBackupItemsMethod(), LIST_BACKUPS, READ_ITEMS)
        .needsAll(BackupServiceGrpc.getGetBackupItemMethod(), LIST_BACKUPS, READ_ITEMS)
        .needsAny(
            BackupScheduleServiceGrpc.getGetBackupScheduleMethod(), LIST_BACKUPS, MANAGE_SCHEDULES)
        .needsAll(BackupScheduleServiceGrpc.getUpdateBackupScheduleMethod(), MANAGE_SCHEDULES)
        .needs(EventServiceGrpc.getWatchEventsMethod(), Rights::watchEvents);
  }

  /** Without its pin a backup is the next to be evicted. */
  private static List<Need> updateBackup(UpdateBackupRequest request) {
    List<String> paths = request.getUpdateMask().getPathsList();
    boolean unpins =
        (paths.contains("pinned") || paths.contains("*")) && !request.getBackup().getPinned();
    return List.of(
        unpins
            ? Need.all(request.getSiteId(), CREATE_BACKUPS, DELETE_BACKUPS)
            : Need.all(request.getSiteId(), CREATE_BACKUPS));
  }

  /** A watch of all sites shows those that the caller may watch. */
  private static List<Need> watchEvents(WatchEventsRequest request) {
    return request.getSiteId().isEmpty()
        ? List.of()
        : List.of(Need.all(request.getSiteId(), LIST_BACKUPS));
  }

  private static void restorations(Table table) {
    table
        .needs(
            RestorationServiceGrpc.getPreviewRestorationMethod(),
            (PreviewRestorationRequest request) ->
                restore(request.getSiteId(), request.getDestinationSiteId()))
        .needs(
            RestorationServiceGrpc.getRestoreBackupMethod(),
            (RestoreBackupRequest request) ->
                restore(request.getSiteId(), request.getDestinationSiteId()))
        .needs(
            RestorationServiceGrpc.getRestorePartialBackupMethod(),
            (RestorePartialBackupRequest request) ->
                restore(request.getSiteId(), request.getDestinationSiteId()))
        .needsAll(RestorationServiceGrpc.getGetRestorationMethod(), LIST_BACKUPS)
        .needsAll(RestorationServiceGrpc.getListRestorationsMethod(), LIST_BACKUPS)
        .needsAll(RestorationServiceGrpc.getCancelRestorationMethod(), RESTORE_BACKUPS)
        .needsAll(RestorationServiceGrpc.getUndoRestorationMethod(), RESTORE_BACKUPS)
        .needsAll(RestorationServiceGrpc.getWatchRestorationMethod(), LIST_BACKUPS);
  }

  private static List<Need> restore(String siteId, String destinationSiteId) {
    return destinationSiteId.isEmpty()
        ? List.of(Need.all(siteId, RESTORE_BACKUPS))
        : List.of(
            Need.all(siteId, RESTORE_BACKUPS, READ_ITEMS),
            Need.all(destinationSiteId, RESTORE_BACKUPS, ADMINISTER));
  }

  /** Whether what is to be done changes something; such calls are kept in the audit log. */
  static boolean isChange(MethodDescriptor<?, ?> method) {
    String name = String.valueOf(method.getBareMethodName());
    return !foreign(method.getFullMethodName())
        && !(name.startsWith("Get")
            || name.startsWith("List")
            || name.startsWith("Watch")
            || name.startsWith("BatchGet")
            || name.startsWith("Query")
            || name.startsWith("Count")
            || name.startsWith("Export")
            || name.startsWith("Preview"));
  }

  private static boolean foreign(String method) {
    return method.startsWith("grpc.");
  }

  /** Whether a service of others tells of more than the contract. */
  List<Need> ofForeign(String method) {
    return method.startsWith(CHANNELZ)
        ? List.of(Need.all(Grants.EVERY_SITE, ADMINISTER))
        : List.of();
  }

  /** The methods that have a rule, by their full name. */
  Set<String> methods() {
    return rules.keySet();
  }

  /**
   * What a request needs.
   *
   * @throws IllegalStateException when nobody said what that method needs
   */
  List<Need> of(String method, Message request) {
    @Nullable Rule rule = rules.get(method);
    if (rule == null) {
      throw new IllegalStateException("nobody said what " + method + " needs");
    }
    return rule.of(request);
  }

  /**
   * Lets the caller go on.
   *
   * @throws ServiceException PERMISSION_DENIED, which says what is missing
   */
  static void require(Caller caller, List<Need> needs) {
    for (Need need : needs) {
      Set<Permission> granted = caller.on(need.siteId());
      if (!need.isMetBy(granted)) {
        String missing = need.missing(granted);
        throw new ServiceException(
            Reason.PERMISSION_DENIED,
            Map.of("permission", missing, "site_id", shortened(need.siteId())),
            "this needs the permission "
                + missing.replace("|", " or ").replace(",", " and ")
                + (need.siteId().equals(Grants.EVERY_SITE)
                    ? " on every site (*)"
                    : " on the site " + shortened(need.siteId())));
      }
    }
  }

  private static String shortened(String siteId) {
    return siteId.length() <= MAX_SITE_ID ? siteId : siteId.substring(0, MAX_SITE_ID) + "...";
  }

  /** Rules as they are written down. */
  private static final class Table {
    private final Map<String, Rule> rules = new HashMap<>();

    <Q extends Message> Table needs(MethodDescriptor<Q, ?> method, Function<Q, List<Need>> rule) {
      // The framework gives a method requests of its type only.
      @SuppressWarnings("unchecked")
      Rule untyped = request -> rule.apply((Q) request);
      rules.put(method.getFullMethodName(), untyped);
      return this;
    }

    Table needsLogin(MethodDescriptor<?, ?> method) {
      rules.put(method.getFullMethodName(), request -> List.of());
      return this;
    }

    /** All of the permissions on the site that the request names. */
    Table needsAll(MethodDescriptor<?, ?> method, Permission... permissions) {
      rules.put(
          method.getFullMethodName(), request -> List.of(Need.all(siteId(request), permissions)));
      return this;
    }

    /** One of the permissions on the site that the request names. */
    Table needsAny(MethodDescriptor<?, ?> method, Permission... permissions) {
      rules.put(
          method.getFullMethodName(), request -> List.of(Need.any(siteId(request), permissions)));
      return this;
    }

    private static String siteId(Message request) {
      FieldDescriptor field = request.getDescriptorForType().findFieldByName("site_id");
      if (field == null) {
        throw new IllegalStateException(request.getDescriptorForType() + " has no site_id");
      }
      return (String) request.getField(field);
    }
  }
}
