package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.GetBackupItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.TruncateCollectionRequest;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupItemsTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data).hasSite("shop").hasCollection("shop", "products");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void listsExactlyWhatWasThereWhileLiveGoesOn() {
    server.hasItems("shop", "products", 25);
    Backup backup = server.makeBackup("shop");
    ListBackupItemsRequest.Builder request = request(backup, "products").setPageSize(10);

    List<Item> found = new ArrayList<>();
    ListBackupItemsResponse page = server.backups().listBackupItems(request.build());
    while (true) {
      found.addAll(page.getItemsList());
      assertThat(page.getTotalSize()).isEqualTo(25);
      server.hasItem("shop", "products", "new" + found.size(), "{}");
      server.hasItem("shop", "products", "i00020", "{\"changed\":true}");
      if (page.getNextPageToken().isEmpty()) {
        break;
      }
      request.setPageToken(page.getNextPageToken());
      page = server.backups().listBackupItems(request.build());
    }

    assertThat(found).extracting(Item::getId).hasSize(25).isSorted().doesNotHaveDuplicates();
    assertThat(found.get(20).getData().toStringUtf8()).isEqualTo("{\"n\":20}");
  }

  @Test
  void givesBackAnItemThatWasDeletedSince() {
    server.hasItem("shop", "products", "p1", "{\"name\":\"Chair\"}");
    Item before = live("p1");
    Backup backup = server.makeBackup("shop");
    server
        .items()
        .truncateCollection(
            TruncateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .build());

    Item kept = get(backup, "products", "p1");

    assertThat(kept).isEqualTo(before);
    server
        .items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setItem(kept)
                .build());
    assertThat(live("p1").getData()).isEqualTo(before.getData());
  }

  @Test
  void keepsPagesBelowFourMebibytes() {
    String large = "{\"text\":\"" + "x".repeat(480_000) + "\"}";
    for (int i = 0; i < 12; i++) {
      server.hasItem("shop", "products", "p" + (10 + i), large);
    }
    Backup backup = server.makeBackup("shop");

    ListBackupItemsRequest.Builder request = request(backup, "products");
    ListBackupItemsResponse first = server.backups().listBackupItems(request.build());
    ListBackupItemsResponse second =
        server.backups().listBackupItems(request.setPageToken(first.getNextPageToken()).build());

    assertThat(first.getSerializedSize()).isLessThan(4 << 20);
    assertThat(first.getItemsCount() + second.getItemsCount()).isEqualTo(12);
    assertThat(second.getNextPageToken()).isEmpty();
  }

  @Test
  void showsOnlyTheCollectionsThatWereChosen() {
    server.hasCollection("shop", "orders").hasItem("shop", "orders", "o1", "{}");
    server.hasItem("shop", "products", "p1", "{}");
    Backup backup =
        server.await(
            server
                .backups()
                .createBackup(
                    CreateBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .addCollectionIds("orders")
                        .build())
                .getBackup());

    assertThat(get(backup, "orders", "o1").getId()).isEqualTo("o1");
    CallError other = CallError.of(() -> get(backup, "products", "p1"));
    assertThat(other.reason()).isEqualTo("COLLECTION_NOT_FOUND");
    assertThat(other.code()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(
            CallError.of(
                    () -> server.backups().listBackupItems(request(backup, "products").build()))
                .reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
  }

  @Test
  void saysWhatIsNotThere() {
    server.hasItem("shop", "products", "p1", "{}");
    Backup backup = server.makeBackup("shop");

    assertThat(CallError.of(() -> get(backup, "products", "p2")).reason())
        .isEqualTo("ITEM_NOT_FOUND");
    Backup unknown = backup.toBuilder().setId("0unknown").build();
    assertThat(CallError.of(() -> get(unknown, "products", "p1")).reason())
        .isEqualTo("BACKUP_NOT_FOUND");
    Backup elsewhere = backup.toBuilder().setSiteId("nowhere").build();
    assertThat(CallError.of(() -> get(elsewhere, "products", "p1")).reason())
        .isEqualTo("SITE_NOT_FOUND");
    assertThat(
            CallError.of(
                    () ->
                        server
                            .backups()
                            .listBackupItems(
                                request(backup, "products").setPageToken("nonsense").build()))
                .reason())
        .isEqualTo("INVALID_PAGE_TOKEN");
    CallError invalid =
        CallError.of(
            () -> server.backups().getBackupItem(GetBackupItemRequest.getDefaultInstance()));
    assertThat(invalid.fields())
        .containsExactly("site_id", "backup_id", "collection_id", "item_id");
  }

  @Test
  void freesTheFilesOfADeletedBackupThatIsOpen() {
    server.hasItem("shop", "products", "p1", "{}");
    Backup backup = server.makeBackup("shop");
    get(backup, "products", "p1");

    server
        .backups()
        .deleteBackup(
            DeleteBackupRequest.newBuilder().setSiteId("shop").setBackupId(backup.getId()).build());

    assertThat(directory(backup)).doesNotExist();
    CallError error = CallError.of(() -> get(backup, "products", "p1"));
    assertThat(error.reason()).isEqualTo("BACKUP_NOT_READY");
    assertThat(error.fact("state")).isEqualTo("DELETED");
  }

  @Test
  void refusesABackupWhoseManifestIsDamaged() throws IOException {
    server.hasItem("shop", "products", "p1", "{}");
    Backup backup = server.makeBackup("shop");
    damage(file(backup, "MANIFEST-"), 40);

    assertThat(CallError.of(() -> get(backup, "products", "p1")).reason())
        .isEqualTo("BACKUP_CORRUPT");
  }

  @Test
  void refusesABackupWhoseItemsAreDamaged() throws IOException {
    server.hasItems("shop", "products", 1_000);
    Backup backup = server.makeBackup("shop");
    for (Path table : files(backup, ".sst")) {
      damage(table, 64);
    }

    CallError error =
        CallError.of(() -> server.backups().listBackupItems(request(backup, "products").build()));

    assertThat(error.reason()).isEqualTo("BACKUP_CORRUPT");
    assertThat(error.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void refusesABackupThatWasFoundToBeCorrupt() throws IOException {
    server.hasItem("shop", "products", "p1", "{}");
    Backup backup = server.makeBackup("shop");
    Files.writeString(directory(backup).resolve("000099.log"), "more than there was");
    server
        .backups()
        .verifyBackup(
            dev.cairn.v1.VerifyBackupRequest.newBuilder()
                .setSiteId("shop")
                .setBackupId(backup.getId())
                .build());
    server.watchToTheEnd(backup);

    assertThat(CallError.of(() -> get(backup, "products", "p1")).reason())
        .isEqualTo("BACKUP_CORRUPT");
  }

  private Item live(String id) {
    return server
        .items()
        .getItem(
            dev.cairn.v1.GetItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setItemId(id)
                .build())
        .getItem();
  }

  private Item get(Backup backup, String collection, String id) {
    return server
        .backups()
        .getBackupItem(
            GetBackupItemRequest.newBuilder()
                .setSiteId(backup.getSiteId())
                .setBackupId(backup.getId())
                .setCollectionId(collection)
                .setItemId(id)
                .build())
        .getItem();
  }

  private static ListBackupItemsRequest.Builder request(Backup backup, String collection) {
    return ListBackupItemsRequest.newBuilder()
        .setSiteId(backup.getSiteId())
        .setBackupId(backup.getId())
        .setCollectionId(collection);
  }

  private Path directory(Backup backup) {
    return data.resolve("backups").resolve(backup.getSiteId()).resolve(backup.getId());
  }

  private Path file(Backup backup, String part) throws IOException {
    return files(backup, part).get(0);
  }

  private List<Path> files(Backup backup, String part) throws IOException {
    try (Stream<Path> files = Files.list(directory(backup))) {
      return files.filter(file -> file.getFileName().toString().contains(part)).toList();
    }
  }

  private static void damage(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.flip();
      channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get() ^ 0x40)}), at);
      channel.force(true);
    }
  }
}
