package dev.cairn.client;

import static dev.cairn.client.fake.Errors.overloaded;
import static dev.cairn.client.fake.Errors.switching;
import static dev.cairn.client.fake.Errors.transport;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.Site;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.UpdateItemRequest;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallsTest {
  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final CairnClient cairn = Clients.of(server);

  @AfterEach
  void close() {
    cairn.close();
    server.close();
  }

  @Test
  void repeatsReadsUntilTheServerIsThere() {
    for (int i = 0; i < 4; i++) {
      server.faults().fail("GetSite", transport(Code.UNAVAILABLE));
    }

    Site site = cairn.sites().get("shop");

    assertThat(site.getId()).isEqualTo("shop");
    assertThat(server.faults().received("GetSite")).hasSize(5);
  }

  @Test
  void givesUpAfterAllAttempts() {
    for (int i = 0; i < 9; i++) {
      server.faults().fail("GetSite", transport(Code.UNAVAILABLE));
    }

    CairnException failure = failureOf(() -> cairn.sites().get("shop"));

    assertThat(failure.code()).isEqualTo(Code.UNAVAILABLE);
    assertThat(failure.hint()).contains("running");
    assertThat(server.faults().received("GetSite")).hasSize(5);
  }

  @Test
  void waitsAsLongAsTheServerAsks() {
    server.faults().fail("GetSite", overloaded(120));
    long start = System.nanoTime();

    cairn.sites().get("shop");

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(119));
  }

  @Test
  void doesNotWaitBeyondTheDeadline() {
    server.faults().fail("GetSite", overloaded(60_000));
    long start = System.nanoTime();

    CairnException failure = failureOf(() -> cairn.sites().get("shop"));

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_OVERLOADED);
    assertThat(failure.retryDelay()).contains(Duration.ofMinutes(1));
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(10);
  }

  @Test
  void doesNotRepeatWhatWaitingDoesNotMend() {
    server
        .faults()
        .fail(
            "CreateBackup",
            Errors.of(
                Code.RESOURCE_EXHAUSTED,
                ErrorReason.ERROR_REASON_ALL_BACKUPS_PINNED,
                "All are pinned.",
                Map.of("backup_ids", "a,b,c")));

    CairnException failure = failureOf(() -> cairn.backups().create("shop"));

    assertThat(failure.metadata()).containsEntry("backup_ids", "a,b,c");
    assertThat(server.faults().received("CreateBackup")).hasSize(1);
  }

  @Test
  void createsOnceAlthoughTheAnswerWasLost() {
    server.faults().loseAnswer("CreateBackup", transport(Code.UNAVAILABLE));
    server.faults().loseAnswer("InsertItem", transport(Code.UNAVAILABLE));
    server.faults().loseAnswer("CreateSite", transport(Code.UNAVAILABLE));

    cairn.backups().create("shop");
    Item item =
        cairn
            .items()
            .insert(
                InsertItemRequest.newBuilder()
                    .setSiteId("shop")
                    .setCollectionId("orders")
                    .setItem(Item.newBuilder().setData(ByteString.copyFromUtf8("{}")))
                    .build());
    cairn.sites().create(CreateSiteRequest.newBuilder().setSiteId("other").build());

    assertThat(cairn.backups().list("shop").toList()).hasSize(1);
    assertThat(server.items("shop", "orders")).containsOnlyKeys(item.getId());
    assertThat(server.faults().requests("CreateBackup", CreateBackupRequest.class))
        .hasSize(2)
        .extracting(CreateBackupRequest::getRequestId)
        .doesNotContain("")
        .containsOnly(
            server
                .faults()
                .requests("CreateBackup", CreateBackupRequest.class)
                .get(0)
                .getRequestId());
  }

  @Test
  void keepsTheRequestIdOfTheCaller() {
    cairn
        .backups()
        .create(CreateBackupRequest.newBuilder().setSiteId("shop").setRequestId("mine").build());

    assertThat(server.faults().requests("CreateBackup", CreateBackupRequest.class))
        .extracting(CreateBackupRequest::getRequestId)
        .containsExactly("mine");
  }

  @Test
  void repeatsConditionalWritesOnlyIfTheServerDidNothing() {
    UpdateItemRequest update =
        UpdateItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("orders")
            .setItem(Item.newBuilder().setId("1").setData(ByteString.copyFromUtf8("{}")))
            .build();
    server.faults().fail("UpdateItem", switching(1));
    cairn.items().update(update);
    assertThat(server.faults().received("UpdateItem")).hasSize(2);

    server.faults().loseAnswer("UpdateItem", transport(Code.UNAVAILABLE));
    CairnException failure = failureOf(() -> cairn.items().update(update));

    assertThat(failure.code()).isEqualTo(Code.UNAVAILABLE);
    assertThat(server.faults().received("UpdateItem")).hasSize(3);
  }

  @Test
  void repeatsDeletionsThatAllowMissing() {
    DeleteItemRequest delete =
        DeleteItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("orders")
            .setItemId("1")
            .build();
    server.with("shop", "orders", "1", "{}");
    server.faults().loseAnswer("DeleteItem", transport(Code.UNAVAILABLE));
    assertThat(failureOf(() -> cairn.items().delete(delete)).code()).isEqualTo(Code.UNAVAILABLE);

    server.faults().loseAnswer("DeleteItem", transport(Code.UNAVAILABLE));
    boolean deleted = cairn.items().delete(delete.toBuilder().setAllowMissing(true).build());

    assertThat(deleted).isFalse();
  }

  @Test
  void repeatsUpdatesOfBackupsUnlessTheyHaveAnEtag() {
    String id = cairn.backups().create("shop").getId();
    UpdateBackupRequest update =
        UpdateBackupRequest.newBuilder().setSiteId("shop").setBackupId(id).build();
    server.faults().loseAnswer("UpdateBackup", transport(Code.UNAVAILABLE));
    cairn.backups().update(update);

    server.faults().loseAnswer("UpdateBackup", transport(Code.UNAVAILABLE));
    CairnException failure =
        failureOf(() -> cairn.backups().update(update.toBuilder().setEtag("e").build()));

    assertThat(failure.code()).isEqualTo(Code.UNAVAILABLE);
  }

  @Test
  void keepsTheDeadlineOverAllAttempts() {
    try (CairnClient hasty =
        CairnClient.builder(server.channel())
            .deadline(Duration.ofMillis(150))
            .retryPolicy(
                new RetryPolicy(
                    1_000, Duration.ofMillis(10), Duration.ofMillis(20), 2, Duration.ofSeconds(1)))
            .build()) {
      for (int i = 0; i < 1_000; i++) {
        server.faults().fail("GetSite", transport(Code.UNAVAILABLE));
      }
      long start = System.nanoTime();

      failureOf(() -> hasty.sites().get("shop"));

      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }
  }

  @Test
  void asksForATokenBeforeEveryAttempt() {
    int[] tokens = new int[1];
    try (CairnClient known =
        CairnClient.builder(server.channel())
            .retryPolicy(Clients.QUICK)
            .bearerToken(() -> "token-" + ++tokens[0])
            .build()) {
      server.faults().fail("GetSite", transport(Code.UNAVAILABLE));

      known.sites().get("shop");

      Metadata.Key<String> key = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
      assertThat(server.faults().received("GetSite"))
          .extracting(received -> received.headers().get(key))
          .containsExactly("Bearer token-1", "Bearer token-2");
    }
  }

  @Test
  void stopsWaitingWhenInterrupted() {
    server.faults().fail("GetSite", overloaded(20_000));
    Thread.currentThread().interrupt();

    CairnException failure = failureOf(() -> cairn.sites().get("shop"));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure).isNotNull();
  }

  private static CairnException failureOf(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    CairnException failure = catchThrowableOfType(CairnException.class, call);
    assertThat(failure).isNotNull();
    return failure;
  }
}
