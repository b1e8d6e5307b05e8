package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.BackupServer;
import dev.cairn.server.ServerConfig;
import dev.cairn.server.auth.TestAuthority;
import dev.cairn.server.auth.TestIssuer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.BackupServiceGrpc.BackupServiceBlockingStub;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CollectionServiceGrpc.CollectionServiceBlockingStub;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ItemServiceGrpc.ItemServiceBlockingStub;
import dev.cairn.v1.ItemServiceGrpc.ItemServiceStub;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationServiceGrpc.RestorationServiceBlockingStub;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.SiteServiceGrpc.SiteServiceBlockingStub;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * The whole server in this process: the real domain on a real directory, behind an in-process
 * transport, and a caller that notices errors without details.
 */
public final class TestServer implements AutoCloseable {
  private final BackupServer server;
  private final ManagedChannel channel;
  private final Conformance conformance = new Conformance();

  private TestServer(Path data, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>();
    all.put("data.directory", data.toString());
    all.put("disk.reserve", "0");
    all.put("store.block-cache", "16MiB");
    all.put("store.write-buffers", "128MiB");
    all.put("store.open-sites", "50");
    all.putAll(settings);
    String name = UUID.randomUUID().toString();
    this.server =
        BackupServer.start(ServerConfig.of(all), transport -> InProcessServerBuilder.forName(name));
    this.channel =
        InProcessChannelBuilder.forName(name).directExecutor().intercept(conformance).build();
  }

  public static TestServer on(Path data) {
    return new TestServer(data, Map.of());
  }

  public static TestServer on(Path data, String... settings) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      map.put(settings[i], settings[i + 1]);
    }
    return new TestServer(data, map);
  }

  /** One that knows its callers by the tokens of {@code issuer}. */
  static TestServer knowing(TestIssuer issuer, Path directory, String... settings) {
    Path keys = directory.resolve("keys.json");
    TestAuthority.write(keys, issuer.keySet());
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(List.of("auth.keys", keys.toString(), "auth.issuer", TestIssuer.NAME));
    return on(directory.resolve("data"), all.toArray(String[]::new));
  }

  /** A caller that shows {@code token}; errors without details are noticed, too. */
  Channel as(String token) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  ManagedChannel channel() {
    return channel;
  }

  BackupServer server() {
    return server;
  }

  SiteServiceBlockingStub sites() {
    return SiteServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  CollectionServiceBlockingStub collections() {
    return CollectionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  ItemServiceBlockingStub items() {
    return ItemServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  ItemServiceStub asyncItems() {
    return ItemServiceGrpc.newStub(channel);
  }

  BackupServiceBlockingStub backups() {
    return BackupServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  RestorationServiceBlockingStub restorations() {
    return RestorationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  // What tests say.

  TestServer hasSite(String site) {
    sites().createSite(CreateSiteRequest.newBuilder().setSiteId(site).build());
    return this;
  }

  TestServer hasCollection(String site, String collection) {
    collections()
        .createCollection(
            CreateCollectionRequest.newBuilder()
                .setSiteId(site)
                .setCollection(Collection.newBuilder().setId(collection))
                .build());
    return this;
  }

  TestServer hasItem(String site, String collection, String id, String data) {
    items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId(site)
                .setCollectionId(collection)
                .setItem(item(id, data))
                .build());
    return this;
  }

  /** Items {@code i00000}, {@code i00001} and so on. */
  TestServer hasItems(String site, String collection, int count) {
    for (int from = 0; from < count; from += 1_000) {
      BatchSaveItemsRequest.Builder request =
          BatchSaveItemsRequest.newBuilder().setSiteId(site).setCollectionId(collection);
      for (int i = from; i < Math.min(count, from + 1_000); i++) {
        request.addEntries(
            BatchSaveItemsRequest.Entry.newBuilder()
                .setItem(item("i%05d".formatted(i), "{\"n\":" + i + "}")));
      }
      items().batchSaveItems(request.build());
    }
    return this;
  }

  static Item item(String id, String data) {
    return Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8(data)).build();
  }

  long count(String site, String collection) {
    return items()
        .countItems(
            CountItemsRequest.newBuilder().setSiteId(site).setCollectionId(collection).build())
        .getItemCount();
  }

  /** Data by id, of the first page. */
  Map<String, String> content(String site, String collection) {
    Map<String, String> content = new HashMap<>();
    items()
        .listItems(
            ListItemsRequest.newBuilder()
                .setSiteId(site)
                .setCollectionId(collection)
                .setPageSize(1_000)
                .build())
        .getItemsList()
        .forEach(item -> content.put(item.getId(), item.getData().toStringUtf8()));
    return content;
  }

  Backup requestBackup(String site) {
    return backups()
        .createBackup(CreateBackupRequest.newBuilder().setSiteId(site).build())
        .getBackup();
  }

  /** A backup that is READY and, if that is how the server runs, verified. */
  Backup makeBackup(String site) {
    Backup ready = await(requestBackup(site));
    assertThat(ready.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    return ready;
  }

  Backup await(Backup backup) {
    for (int i = 0; i < 400; i++) {
      Backup now = backup(backup.getSiteId(), backup.getId());
      VerificationState verification = now.getVerification().getState();
      boolean settled =
          now.getState() != BackupState.BACKUP_STATE_PENDING
              && verification != VerificationState.VERIFICATION_STATE_RUNNING
              && !(now.getState() == BackupState.BACKUP_STATE_READY
                  && verification == VerificationState.VERIFICATION_STATE_UNVERIFIED);
      if (settled) {
        return now;
      }
      pause();
    }
    throw new AssertionError("backup does not end: " + backup.getId());
  }

  Backup backup(String site, String id) {
    return backups()
        .getBackup(GetBackupRequest.newBuilder().setSiteId(site).setBackupId(id).build())
        .getBackup();
  }

  List<WatchBackupResponse> watchToTheEnd(Backup backup) {
    return all(
        backups()
            .watchBackup(
                WatchBackupRequest.newBuilder()
                    .setSiteId(backup.getSiteId())
                    .setBackupId(backup.getId())
                    .build()));
  }

  Restoration requestRestoration(Backup backup) {
    return restorations()
        .restoreBackup(
            RestoreBackupRequest.newBuilder()
                .setSiteId(backup.getSiteId())
                .setBackupId(backup.getId())
                .build())
        .getRestoration();
  }

  Restoration restore(Backup backup) {
    Restoration done = await(requestRestoration(backup));
    assertThat(done.getState())
        .as("%s", done.getFailure())
        .isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    return done;
  }

  Restoration await(Restoration restoration) {
    List<WatchRestorationResponse> seen =
        all(
            restorations()
                .watchRestoration(
                    WatchRestorationRequest.newBuilder()
                        .setSiteId(restoration.getSiteId())
                        .setRestorationId(restoration.getId())
                        .build()));
    return seen.get(seen.size() - 1).getRestoration();
  }

  Restoration restoration(String site, String id) {
    return restorations()
        .getRestoration(
            GetRestorationRequest.newBuilder().setSiteId(site).setRestorationId(id).build())
        .getRestoration();
  }

  static <T> List<T> all(Iterator<T> iterator) {
    List<T> list = new ArrayList<>();
    iterator.forEachRemaining(list::add);
    return list;
  }

  static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until {@code condition} holds. */
  static void eventually(java.util.function.BooleanSupplier condition) {
    for (int i = 0; i < 1_000; i++) {
      if (condition.getAsBoolean()) {
        return;
      }
      pause();
    }
    throw new AssertionError("it did not become true");
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
    assertThat(conformance.violations()).as("errors without details").isEmpty();
  }
}
