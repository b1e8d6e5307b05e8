package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class RepliesTest {
  private final Workers workers = new Workers("test", 1, 2);
  private final List<Object> told = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Integer> result = new CompletableFuture<>();

  @AfterEach
  void stop() {
    assertThat(workers.load().taken()).as("calls that are not over").isZero();
    workers.close();
  }

  @Test
  void whatComesLaterIsSentByWhoeverHasIt() {
    begin(value -> "answer " + value);
    assertThat(told).isEmpty();

    MDC.put(Workers.CALL_ID, "another");
    result.complete(7);

    assertThat(told).containsExactly("answer 7", "completed");
    assertThat(MDC.get(Workers.CALL_ID)).isEqualTo("another");
    MDC.remove(Workers.CALL_ID);
  }

  @Test
  void aFailureIsToldAsItIs() {
    ServiceException failure = new ServiceException(Reason.DISK_FULL, "full");
    begin(String::valueOf);

    result.completeExceptionally(failure);

    assertThat(told).containsExactly(failure);
  }

  @Test
  void theFailureOfAnEarlierStepIsToldAsItIs() {
    ServiceException failure = new ServiceException(Reason.DISK_FULL, "full");
    CompletableFuture<Integer> source = new CompletableFuture<>();
    begin(source.thenApply(value -> value + 1), String::valueOf);

    source.completeExceptionally(failure);

    assertThat(told).containsExactly(failure);
  }

  @Test
  void aCallWhoseAnswerCannotBeMadeIsToldSo() {
    OutOfMemoryError error = new OutOfMemoryError("on purpose");
    begin(
        value -> {
          throw error;
        });

    result.complete(7);

    assertThat(told).containsExactly(error);
  }

  private void begin(Function<Integer, String> answer) {
    begin(result, answer);
  }

  private void begin(CompletableFuture<Integer> source, Function<Integer, String> answer) {
    CountDownLatch begun = new CountDownLatch(1);
    workers.call(
        () -> {
          Replies.sendLater(new Recorder(), source, answer);
          begun.countDown();
        });
    TestServer.eventually(() -> begun.getCount() == 0);
  }

  private final class Recorder implements StreamObserver<String> {
    @Override
    public void onNext(String value) {
      told.add(value);
    }

    @Override
    public void onError(Throwable e) {
      told.add(e);
    }

    @Override
    public void onCompleted() {
      told.add("completed");
    }
  }
}
