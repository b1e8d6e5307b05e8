package dev.cairn.it;

import com.google.protobuf.ByteString;
import dev.cairn.it.History.Effect;
import dev.cairn.it.History.Write;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client that imports one batch after the other into a collection, several on their way. */
final class ImportLoad {
  private static final int MAX_UNACKNOWLEDGED = 4;

  /** After so many items their ids come again; long after those on their way are acknowledged. */
  private static final int IDS = 1_500;

  private static final Set<ErrorReason> REFUSALS =
      Set.of(
          ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND,
          ErrorReason.ERROR_REASON_SITE_SWITCHING,
          ErrorReason.ERROR_REASON_OVERLOADED,
          ErrorReason.ERROR_REASON_IMPORT_SEQUENCE_GAP);

  private final Cairn cairn;
  private final SiteModel model;
  private final Random random;
  private final String mark;
  private int count;

  ImportLoad(Cairn cairn, SiteModel model, long seed) {
    this.cairn = cairn;
    this.model = model;
    this.random = new Random(seed);
    this.mark = Long.toHexString(random.nextLong());
  }

  void start(Load load) {
    load.start(model.siteId + "/import", this::step);
  }

  /** One whole import. */
  private void step() throws InterruptedException {
    SiteModel.RunningImport run =
        new SiteModel.RunningImport(UUID.randomUUID().toString(), Place.live(SiteLoad.IMPORTS));
    model.imports.add(run);
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ImportItemsRequest> requests =
        cairn.itemStreams().importItems(new Cairn.Queued<>(answers));
    requests.onNext(opening(model.siteId, run));
    if (!take(run, answers)) {
      return;
    }
    int batches = 1 + random.nextInt(25);
    for (int i = 0; i < batches; i++) {
      while (run.batches.size() - run.acknowledged >= MAX_UNACKNOWLEDGED) {
        if (!take(run, answers)) {
          return;
        }
      }
      ImportItemsRequest batch = batch(run);
      requests.onNext(batch);
    }
    requests.onCompleted();
    while (run.acknowledged < run.batches.size()) {
      if (!take(run, answers)) {
        return;
      }
    }
  }

  static ImportItemsRequest opening(String siteId, SiteModel.RunningImport run) {
    return ImportItemsRequest.newBuilder()
        .setSiteId(siteId)
        .setCollectionId(run.place.collectionId())
        .setImportId(run.importId)
        .build();
  }

  private ImportItemsRequest batch(SiteModel.RunningImport run) {
    Map<String, Effect> effects = new TreeMap<>();
    int size = 1 + random.nextInt(40);
    ImportItemsRequest.Builder request =
        ImportItemsRequest.newBuilder().setBatchSequence(run.batches.size() + 1L);
    for (int i = 0; i < size; i++) {
      int number = count++;
      Item item =
          Item.newBuilder()
              .setId("import-" + number % IDS)
              .setData(
                  ByteString.copyFromUtf8("{\"number\":" + number + ",\"mark\":\"" + mark + "\"}"))
              .build();
      effects.put(item.getId(), Effect.of(item.getData()));
      request.addItems(item);
    }
    run.batches.add(
        model.history.begin(
            new Write(
                "import " + run.importId + " #" + (run.batches.size() + 1), run.place, effects)));
    return request.build();
  }

  /**
   * Waits for the next acknowledgement.
   *
   * @return false when the import was refused; what was not acknowledged may have been applied
   */
  private boolean take(SiteModel.RunningImport run, LinkedBlockingQueue<Object> answers)
      throws InterruptedException {
    Object answer = answers.poll(60, TimeUnit.SECONDS);
    if (answer instanceof ImportItemsResponse response) {
      if (response.getAcknowledgedSequence() < run.acknowledged
          || response.getAcknowledgedSequence() > run.batches.size()) {
        throw new AssertionError("sent " + run.batches.size() + " batches, got " + response);
      }
      while (run.acknowledged < response.getAcknowledgedSequence()) {
        run.batches.get((int) run.acknowledged).acknowledged();
        run.acknowledged++;
      }
      return true;
    }
    run.broken = true;
    if (answer instanceof StatusRuntimeException e) {
      Fault fault = Fault.of(e);
      if (fault.lostConnection()) {
        run.broken = false; // to be resumed
        throw new Load.LostConnection(e);
      }
      if (fault.reason().filter(REFUSALS::contains).isPresent()) {
        return false;
      }
      throw e;
    }
    throw new AssertionError("the import ended early with " + answer);
  }
}
