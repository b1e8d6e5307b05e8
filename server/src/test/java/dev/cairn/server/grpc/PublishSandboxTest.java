package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Environment;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.PublishSandboxRequest;
import dev.cairn.v1.PublishSandboxResponse;
import dev.cairn.v1.PublishSandboxResponse.CollectionResult;
import dev.cairn.v1.SaveItemRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishSandboxTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.on(data)
            .hasSite("shop")
            .hasCollection("shop", "a")
            .hasCollection("shop", "b")
            .hasCollection("shop", "c");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void saveSandbox(String collection, String id, String owner) {
    server
        .items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId(collection)
                .setEnvironment(Environment.ENVIRONMENT_SANDBOX)
                .setItem(Item.newBuilder(TestServer.item(id, "{\"new\":true}")).setOwner(owner))
                .build());
  }

  private PublishSandboxResponse publish(String... collections) {
    return server
        .items()
        .publishSandbox(
            PublishSandboxRequest.newBuilder()
                .setSiteId("shop")
                .addAllCollectionIds(List.of(collections))
                .build());
  }

  private static CollectionResult row(String collection, long inserted, long updated) {
    return CollectionResult.newBuilder()
        .setCollectionId(collection)
        .setInsertedCount(inserted)
        .setUpdatedCount(updated)
        .build();
  }

  @Test
  void copiesSandboxOverLive() {
    server.hasItem("shop", "b", "1", "{}").hasItem("shop", "b", "2", "{}");
    assertThat(publish().getCollectionsList())
        .containsExactly(row("a", 0, 0), row("b", 0, 0), row("c", 0, 0));
    saveSandbox("b", "2", "bo");
    saveSandbox("b", "3", "");
    saveSandbox("c", "1", "");

    assertThat(publish("c", "b").getCollectionsList())
        .containsExactly(row("b", 1, 1), row("c", 1, 0));

    assertThat(server.content("shop", "b"))
        .containsEntry("1", "{}")
        .containsEntry("2", "{\"new\":true}")
        .containsEntry("3", "{\"new\":true}");
    Item replaced =
        server
            .items()
            .getItem(
                GetItemRequest.newBuilder()
                    .setSiteId("shop")
                    .setCollectionId("b")
                    .setItemId("2")
                    .build())
            .getItem();
    assertThat(replaced.getRevision()).isEqualTo(2);
    assertThat(replaced.getOwner()).isEqualTo("bo");
    assertThat(publish("b").getCollectionsList()).containsExactly(row("b", 0, 2));
  }

  @Test
  void namesWhatIsWrong() {
    assertThat(CallError.of(() -> publish("a", "a")).fields()).containsExactly("collection_ids[1]");
    assertThat(CallError.of(() -> publish("a", "-")).fields()).containsExactly("collection_ids[1]");
    CallError missing = CallError.of(() -> publish("a", "other"));
    assertThat(missing.reason()).isEqualTo("COLLECTION_NOT_FOUND");
    assertThat(missing.fact("collection_id")).isEqualTo("other");
    assertThat(
            CallError.of(
                    () ->
                        server
                            .items()
                            .publishSandbox(
                                PublishSandboxRequest.newBuilder().setSiteId("other").build()))
                .reason())
        .isEqualTo("SITE_NOT_FOUND");
  }
}
