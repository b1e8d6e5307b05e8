package dev.cairn.client;

import static dev.cairn.client.fake.Errors.transport;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.ImportMode;
import dev.cairn.v1.Item;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ItemImportTest {
  /** Four full batches of 500 and a part of a fifth. */
  private static final int COUNT = 2_100;

  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final CairnClient cairn = Clients.of(server);

  @AfterEach
  void close() {
    cairn.close();
    server.close();
  }

  @Test
  void importsInBatchesWithExactTotals() {
    ImportItemsResponse totals = newImport().run(items(COUNT));

    assertThat(totals.getReceivedCount()).isEqualTo(COUNT);
    assertThat(totals.getInsertedCount()).isEqualTo(COUNT);
    assertThat(totals.getAcknowledgedSequence()).isEqualTo(5);
    assertThat(server.items("shop", "orders")).hasSize(COUNT);
  }

  @Test
  void importsNothing() {
    ImportItemsResponse totals = newImport().run(items(0));

    assertThat(totals.getReceivedCount()).isZero();
    assertThat(batches()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void survivesACutBeforeEveryBatch(int requests) {
    server.faults().cutAfterRequests("ImportItems", requests, transport(Code.UNAVAILABLE));

    ImportItemsResponse totals = newImport().run(items(COUNT));

    assertComplete(totals);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void survivesLosingEveryAcknowledgement(int answers) {
    server.faults().cutAfterAnswers("ImportItems", answers, transport(Code.UNAVAILABLE));

    ImportItemsResponse totals = newImport().run(items(COUNT));

    assertComplete(totals);
  }

  @Test
  void survivesACutAtEachStepOneAfterTheOther() {
    for (int i = 2; i <= 6; i++) {
      server.faults().cutAfterAnswers("ImportItems", 2, transport(Code.INTERNAL));
      server.faults().cutAfterRequests("ImportItems", 2, Errors.switching(1));
    }

    ImportItemsResponse totals = newImport().run(items(COUNT));

    assertComplete(totals);
    assertThat(server.items("shop", "orders").values())
        .extracting(Item::getRevision)
        .containsOnly(1L);
  }

  @Test
  void goesOnWithANewTokenWhenTheOldOneHasExpired() {
    server.faults().cutAfterAnswers("ImportItems", 2, Errors.unauthenticated("expired"));

    ImportItemsResponse totals = newImport().run(items(COUNT));

    assertComplete(totals);
  }

  @Test
  void doesNotTryAnExpiredTokenTwice() {
    server.faults().cutAfterAnswers("ImportItems", 2, Errors.unauthenticated("expired"));
    server.faults().cutAfterAnswers("ImportItems", 0, Errors.unauthenticated("expired"));

    assertThat(catchThrowableOfType(CairnException.class, () -> newImport().run(items(COUNT))))
        .extracting(CairnException::reason)
        .isEqualTo(ErrorReason.ERROR_REASON_UNAUTHENTICATED);
    assertThat(server.faults().received("ImportItems"))
        .filteredOn(each -> ((ImportItemsRequest) each.message()).getBatchSequence() == 0)
        .hasSizeLessThanOrEqualTo(2);
  }

  private void assertComplete(ImportItemsResponse totals) {
    assertThat(totals.getReceivedCount()).isEqualTo(COUNT);
    assertThat(totals.getInsertedCount()).isEqualTo(COUNT);
    assertThat(totals.getUpdatedCount()).isZero();
    assertThat(server.items("shop", "orders")).hasSize(COUNT);
  }

  @Test
  void goesOnWithAnEarlierImport() {
    ItemImport first = newImport();
    server
        .faults()
        .cutAfterRequests("ImportItems", 3, Errors.invalid("items[0].data", "is no object"));
    assertThatThrownBy(() -> first.run(items(COUNT))).isInstanceOf(CairnException.class);
    List<Long> received = new ArrayList<>();

    ImportItemsResponse totals =
        cairn
            .items()
            .importItems(
                opening().toBuilder().setImportId(first.importId()).build(),
                t -> received.add(t.getReceivedCount()))
            .run(items(COUNT));

    assertComplete(totals);
    assertThat(received.get(0)).isEqualTo(1_000);
  }

  @Test
  void refusesToGoOnWithAShorterSource() {
    ItemImport run = newImport();
    run.run(items(COUNT));

    assertThatThrownBy(() -> run.run(items(COUNT - 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("2100")
        .hasMessageContaining("2099");
  }

  @Test
  void runningACompleteImportAgainChangesNothing() {
    ItemImport run = newImport();
    run.run(items(COUNT));

    assertComplete(run.run(items(COUNT)));
  }

  @Test
  void startsANewBatchBeforeAnIdThatIsInIt() {
    Iterator<Item> twice = Stream.of("a", "b", "a", "a", "c").map(ItemImportTest::item).iterator();

    ImportItemsResponse totals = newImport().run(twice);

    assertThat(totals.getReceivedCount()).isEqualTo(5);
    assertThat(totals.getInsertedCount()).isEqualTo(3);
    assertThat(totals.getUpdatedCount()).isEqualTo(2);
    assertThat(batches()).extracting(ImportItemsRequest::getItemsCount).containsExactly(2, 1, 2);
  }

  @Test
  void keepsBatchesBelowTheSizeThatServesBest() {
    ByteString large = ByteString.copyFromUtf8("{\"x\":\"" + "y".repeat(300_000) + "\"}");
    Iterator<Item> items =
        IntStream.range(0, 7)
            .mapToObj(i -> Item.newBuilder().setId("i" + i).setData(large).build())
            .iterator();

    newImport().run(items);

    assertThat(batches()).extracting(ImportItemsRequest::getItemsCount).containsExactly(3, 3, 1);
  }

  @Test
  void importsWhatCameBeforeABrokenSource() {
    Iterator<Item> broken =
        Stream.concat(
                Stream.of("a", "b").map(ItemImportTest::item),
                Stream.of("c")
                    .map(
                        id -> {
                          throw new IllegalArgumentException("line 3 is bad");
                        }))
            .map(Item.class::cast)
            .iterator();

    assertThatThrownBy(() -> newImport().run(broken)).hasMessage("line 3 is bad");

    assertThat(server.items("shop", "orders")).containsOnlyKeys("a", "b");
  }

  @Test
  void throwsWhenABatchIsRefused() {
    server.with("shop", "orders", "i7", "{}");
    ItemImport run =
        cairn
            .items()
            .importItems(opening().toBuilder().setMode(ImportMode.IMPORT_MODE_INSERT_ONLY).build());

    CairnException failure =
        catchThrowableOfType(CairnException.class, () -> run.run(items(COUNT)));

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS);
    assertThat(server.faults().requests("ImportItems", ImportItemsRequest.class))
        .filteredOn(r -> r.getBatchSequence() == 0)
        .hasSize(1);
  }

  @Test
  void namesTheItemThatWasRefused() {
    server
        .faults()
        .cutAfterRequests("ImportItems", 3, Errors.invalid("items[7].data", "is too large"));
    ItemImport run = newImport();

    assertThatThrownBy(() -> run.run(items(COUNT))).isInstanceOf(CairnException.class);

    assertThat(run.refusedItem()).hasValue(1_007);
  }

  @Test
  void endsWhenAnotherClientTakesTheImportOver() {
    server
        .faults()
        .cutAfterRequests(
            "ImportItems",
            2,
            Errors.of(Code.CANCELLED, ErrorReason.ERROR_REASON_CANCELLED, "Taken over.", Map.of()));

    CairnException failure =
        catchThrowableOfType(CairnException.class, () -> newImport().run(items(COUNT)));

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_CANCELLED);
  }

  @Test
  void doesNotTryABatchForEverThatBreaksEachStream() {
    for (int i = 0; i < 5_000; i++) {
      server.faults().cutAfterRequests("ImportItems", 1, transport(Code.RESOURCE_EXHAUSTED));
    }

    CairnException failure =
        catchThrowableOfType(CairnException.class, () -> newImport().run(items(COUNT)));

    assertThat(failure.code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(batches().size()).isLessThan(100);
  }

  private List<ImportItemsRequest> batches() {
    return server.faults().requests("ImportItems", ImportItemsRequest.class).stream()
        .filter(r -> r.getBatchSequence() > 0)
        .toList();
  }

  private ItemImport newImport() {
    return cairn.items().importItems(opening());
  }

  private static ImportItemsRequest opening() {
    return ImportItemsRequest.newBuilder().setSiteId("shop").setCollectionId("orders").build();
  }

  private static Iterator<Item> items(int count) {
    return IntStream.range(0, count).mapToObj(i -> item("i" + i)).iterator();
  }

  private static Item item(String id) {
    return Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8("{\"n\":1}")).build();
  }
}
