package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Environment;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.ImportMode;
import dev.cairn.v1.Item;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportTest {
  private static final String ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

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
  void acknowledgesEachBatchAndEndsWell() {
    Import stream = open();
    assertThat(stream.answers(1)).isEqualTo(ImportItemsResponse.getDefaultInstance());

    stream.batch(1, "a", "b");
    stream.batch(2, "b", "c");
    stream.halfClose();

    ImportItemsResponse last = stream.endsWell();
    assertThat(last.getAcknowledgedSequence()).isEqualTo(2);
    assertThat(last.getReceivedCount()).isEqualTo(4);
    assertThat(last.getInsertedCount()).isEqualTo(3);
    assertThat(last.getUpdatedCount()).isEqualTo(1);
    assertThat(last.getReceivedBytes()).isEqualTo(8);
    assertThat(server.content("shop", "products")).containsOnlyKeys("a", "b", "c");
  }

  @Test
  void manyBatchesWithoutWaiting() {
    Import stream = open();
    for (int i = 1; i <= 200; i++) {
      stream.batch(i, "i" + i);
    }
    stream.halfClose();

    assertThat(stream.endsWell().getAcknowledgedSequence()).isEqualTo(200);
    assertThat(server.count("shop", "products")).isEqualTo(200);
    assertThat(stream.answers)
        .extracting(ImportItemsResponse::getAcknowledgedSequence)
        .isSorted()
        .doesNotHaveDuplicates();
  }

  @Test
  void goesOnAfterABreakWithoutApplyingAnythingTwice() {
    Import broken = open();
    broken.batch(1, "a", "b");
    broken.batch(2, "c");
    broken.answers(2);
    broken.cancel();
    TestServer.eventually(() -> server.count("shop", "products") == 3);

    Import resumed = open();
    assertThat(resumed.answers(1).getAcknowledgedSequence()).isEqualTo(2);
    assertThat(resumed.answers(1).getReceivedCount()).isEqualTo(3);
    resumed.batch(2, "never applied");
    resumed.batch(3, "d");
    resumed.halfClose();

    assertThat(resumed.endsWell().getReceivedCount()).isEqualTo(4);
    assertThat(server.content("shop", "products")).containsOnlyKeys("a", "b", "c", "d");
  }

  @Test
  void goesOnAfterARestart() {
    Import stream = open();
    stream.batch(1, "a");
    stream.batch(2, "b");
    TestServer.eventually(() -> stream.lastAcknowledged() == 2);
    stream.cancel();
    server.close();

    server = TestServer.on(data);

    assertThat(open().answers(1).getAcknowledgedSequence()).isEqualTo(2);
  }

  @Test
  void aNewerStreamTakesOver() {
    Import older = open();
    older.batch(1, "a");
    TestServer.eventually(() -> older.lastAcknowledged() == 1);

    Import newer = open();

    CallError error = older.fails();
    assertThat(error.code()).isEqualTo(Status.Code.CANCELLED);
    assertThat(error.reason()).isEqualTo("CANCELLED");
    assertThat(newer.answers(1).getAcknowledgedSequence()).isEqualTo(1);
    Import newest = open();
    newer.fails();
    newest.answers(1);
    newest.batch(2, "b");
    newest.halfClose();
    assertThat(newest.endsWell().getReceivedCount()).isEqualTo(2);
  }

  @Test
  void aStreamThatIsTakenOverInTheMiddleOfItsBatchesLosesAndRepeatsNothing() {
    int sent = 0;
    Import last = open();
    for (int round = 0; round < 20; round++) {
      Import stream = last;
      long has = stream.answers(1).getAcknowledgedSequence();
      assertThat(has).isBetween(0L, (long) sent);
      for (sent = (int) has + 1; sent <= has + 10; sent++) {
        stream.batch(sent, "i" + sent, "j" + sent);
      }
      sent--;
      last = open();
      assertThat(stream.fails().reason()).isEqualTo("CANCELLED");
    }
    long has = last.answers(1).getAcknowledgedSequence();
    last.halfClose();

    assertThat(last.endsWell().getInsertedCount()).isEqualTo(2 * has);
    assertThat(server.count("shop", "products")).isEqualTo(2 * has);
  }

  @Test
  void whatCameBeforeABadBatchIsAppliedBeforeItIsRefused() {
    Import stream = open();
    for (int i = 1; i <= 30; i++) {
      stream.batch(i, "i" + i);
    }
    stream.batch(31, "i31", "i31");
    stream.batch(32, "i32");

    assertThat(stream.fails().fact("batch_sequence")).isEqualTo("31");
    assertThat(stream.lastAcknowledged()).isEqualTo(30);
    assertThat(server.count("shop", "products")).isEqualTo(30);
  }

  @Test
  void aMissingBatchEndsTheStream() {
    Import stream = open();
    stream.batch(1, "a");
    stream.batch(3, "c");

    CallError error = stream.fails();

    assertThat(error.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(error.reason()).isEqualTo("IMPORT_SEQUENCE_GAP");
    assertThat(error.fact("expected_sequence")).isEqualTo("2");
    assertThat(error.fact("site_id")).isEqualTo("shop");
    assertThat(stream.lastAcknowledged()).isEqualTo(1);
    assertThat(server.content("shop", "products")).containsOnlyKeys("a");
  }

  @Test
  void aBatchWithABadItemIsRefusedWholeAndThoseBeforeStay() {
    Import stream = open();
    stream.batch(1, "a");
    stream.send(
        ImportItemsRequest.newBuilder()
            .setBatchSequence(2)
            .addItems(TestServer.item("b", "{}"))
            .addItems(TestServer.item("c", "[]"))
            .addItems(TestServer.item("b", "{}")));

    CallError error = stream.fails();

    assertThat(error.reason()).isEqualTo("INVALID_ARGUMENT");
    assertThat(error.fields()).containsExactly("items[1].data", "items[2].id");
    assertThat(error.fact("batch_sequence")).isEqualTo("2");
    assertThat(server.content("shop", "products")).containsOnlyKeys("a");
  }

  @Test
  void modesSayWhatHappensToItemsThatAreThere() {
    server.hasItem("shop", "products", "a", "{\"old\":1}");
    Import skipping = open(opening().setMode(ImportMode.IMPORT_MODE_SKIP_EXISTING));
    skipping.batch(1, "a", "b");
    skipping.halfClose();
    ImportItemsResponse skipped = skipping.endsWell();
    assertThat(skipped.getSkippedCount()).isEqualTo(1);
    assertThat(skipped.getInsertedCount()).isEqualTo(1);

    Import inserting =
        open(
            opening()
                .setImportId(UUID.randomUUID().toString())
                .setMode(ImportMode.IMPORT_MODE_INSERT_ONLY));
    inserting.batch(1, "c", "a");
    CallError refused = inserting.fails();

    assertThat(refused.reason()).isEqualTo("ITEM_ALREADY_EXISTS");
    assertThat(refused.fact("item_id")).isEqualTo("a");
    assertThat(refused.fact("batch_sequence")).isEqualTo("1");
    assertThat(server.content("shop", "products")).isEqualTo(Map.of("a", "{\"old\":1}", "b", "{}"));
  }

  @Test
  void createsTheCollectionOnlyWhenAsked() {
    assertThat(open(opening().setCollectionId("new")).fails().reason())
        .isEqualTo("COLLECTION_NOT_FOUND");

    Import stream = open(opening().setCollectionId("new").setCreateCollection(true));
    stream.batch(1, "a");
    stream.halfClose();
    stream.endsWell();

    assertThat(server.count("shop", "new")).isEqualTo(1);
  }

  @Test
  void openingsAreChecked() {
    CallError error =
        open(ImportItemsRequest.newBuilder()
                .setImportId("x")
                .setModeValue(9)
                .setBatchSequence(1)
                .addItems(TestServer.item("a", "{}")))
            .fails();

    assertThat(error.fields())
        .containsExactly(
            "site_id", "collection_id", "import_id", "mode", "batch_sequence", "items");
    Import silent = new Import();
    silent.halfClose();
    assertThat(silent.fails().fields()).containsExactly("batch_sequence");
  }

  @Test
  void laterMessagesMustNotNameAnotherImport() {
    Import stream = open();
    stream.send(
        ImportItemsRequest.newBuilder()
            .setBatchSequence(1)
            .setCollectionId("orders")
            .addItems(TestServer.item("a", "{}")));

    assertThat(stream.fails().fields()).containsExactly("collection_id");
  }

  @Test
  void oneImportIdIsOneImport() {
    server.hasCollection("shop", "orders");
    Import stream = open();
    stream.batch(1, "a");
    stream.halfClose();
    stream.endsWell();

    CallError error = open(opening().setCollectionId("orders")).fails();

    assertThat(error.reason()).isEqualTo("REQUEST_ID_CONFLICT");
    assertThat(error.fact("import_id")).isEqualTo(ID);
    // SANDBOX is another content.
    assertThat(
            open(opening().setEnvironment(Environment.ENVIRONMENT_SANDBOX))
                .answers(1)
                .getAcknowledgedSequence())
        .isZero();
  }

  @Test
  void itemsWithoutIdGetOne() {
    Import stream = open();
    stream.batch(1, "", "");
    stream.halfClose();

    assertThat(stream.endsWell().getInsertedCount()).isEqualTo(2);
    assertThat(server.content("shop", "products")).hasSize(2);
  }

  @Test
  void anEmptyImportEndsWell() {
    Import stream = open();
    stream.halfClose();

    assertThat(stream.endsWell().getAcknowledgedSequence()).isZero();
  }

  @Test
  void fullBatchesAreTaken() {
    Import stream = open();
    for (int batch = 0; batch < 5; batch++) {
      int from = batch * 1_000;
      stream.batch(
          batch + 1,
          IntStream.range(from, from + 1_000).mapToObj("i%05d"::formatted).toArray(String[]::new));
    }
    stream.halfClose();

    assertThat(stream.endsWell().getReceivedCount()).isEqualTo(5_000);
    assertThat(server.count("shop", "products")).isEqualTo(5_000);
  }

  @Test
  void anImportThatStaysSilentGivesItsPlaceBackAndCanBeResumed() {
    restartWith("limits.import-silence", "200ms");
    Import unopened = new Import();
    Import stream = open();
    stream.batch(1, "a", "b");

    assertThat(stream.fails().code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(stream.fails().reason()).isEqualTo("DEADLINE_EXCEEDED");
    assertThat(unopened.fails().reason()).isEqualTo("DEADLINE_EXCEEDED");

    Import resumed = open();
    assertThat(resumed.answers(1).getAcknowledgedSequence()).isEqualTo(1);
    resumed.halfClose();
    assertThat(resumed.endsWell().getReceivedCount()).isEqualTo(2);
  }

  @Test
  void anImportThatSendsNowAndThenIsNotEnded() {
    restartWith("limits.import-silence", "1s");
    Import stream = open();
    long begin = System.nanoTime();
    int batches = 0;
    while (System.nanoTime() - begin < Duration.ofMillis(1_500).toNanos()) {
      stream.batch(++batches, "i" + batches);
      int sent = batches;
      TestServer.eventually(() -> stream.lastAcknowledged() == sent);
    }
    stream.halfClose();

    assertThat(stream.endsWell().getAcknowledgedSequence()).isEqualTo(batches);
  }

  private void restartWith(String... settings) {
    server.close();
    server = TestServer.on(data, settings);
  }

  private static ImportItemsRequest.Builder opening() {
    return ImportItemsRequest.newBuilder()
        .setSiteId("shop")
        .setCollectionId("products")
        .setImportId(ID);
  }

  private Import open() {
    return open(opening());
  }

  private Import open(ImportItemsRequest.Builder opening) {
    Import stream = new Import();
    stream.send(opening);
    return stream;
  }

  /** The client's side of a stream. */
  private final class Import
      implements ClientResponseObserver<ImportItemsRequest, ImportItemsResponse> {
    private final List<ImportItemsResponse> answers = new CopyOnWriteArrayList<>();
    private @Nullable ClientCallStreamObserver<ImportItemsRequest> requests;
    private volatile @Nullable Throwable error;
    private volatile boolean ended;

    Import() {
      server.asyncItems().importItems(this);
    }

    private ClientCallStreamObserver<ImportItemsRequest> requests() {
      return Objects.requireNonNull(requests);
    }

    void send(ImportItemsRequest.Builder message) {
      requests().onNext(message.build());
    }

    void batch(long sequence, String... ids) {
      ImportItemsRequest.Builder message =
          ImportItemsRequest.newBuilder().setBatchSequence(sequence);
      for (String id : ids) {
        message.addItems(Item.newBuilder(TestServer.item(id, "{}")));
      }
      send(message);
    }

    void halfClose() {
      requests().onCompleted();
    }

    void cancel() {
      requests().cancel("the client broke off", null);
    }

    /** The answer of that number, once it is there. */
    ImportItemsResponse answers(int number) {
      TestServer.eventually(() -> answers.size() >= number || error != null);
      return answers.get(number - 1);
    }

    long lastAcknowledged() {
      return answers.isEmpty() ? -1 : answers.get(answers.size() - 1).getAcknowledgedSequence();
    }

    ImportItemsResponse endsWell() {
      TestServer.eventually(() -> ended || error != null);
      assertThat(error).isNull();
      return answers.get(answers.size() - 1);
    }

    CallError fails() {
      TestServer.eventually(() -> ended || error != null);
      return CallError.of(Objects.requireNonNull(error));
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ImportItemsRequest> stream) {
      requests = stream;
    }

    @Override
    public void onNext(ImportItemsResponse answer) {
      answers.add(answer);
    }

    @Override
    public void onError(Throwable thrown) {
      error = thrown;
    }

    @Override
    public void onCompleted() {
      ended = true;
    }
  }
}
