package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.v1.ItemServiceGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which workers a call comes to, with handlers that wait at a gate. */
@Timeout(60)
class WorkerInterceptorTest {
  private final Workers workers = new Workers("worker", 1, 10);
  private final Workers scanWorkers = new Workers("scan", 1, 2);
  private final WorkerInterceptor interceptor = new WorkerInterceptor(workers, scanWorkers);
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() {
    gate.countDown();
    workers.close();
    scanWorkers.close();
  }

  @Test
  void scansThatTakeLongHoldUpNoOtherCall() throws InterruptedException {
    call(ItemServiceGrpc.getQueryItemsMethod(), this::waitAtTheGate);
    call(ItemServiceGrpc.getCountItemsMethod(), this::waitAtTheGate);
    CountDownLatch answered = new CountDownLatch(1);

    call(ItemServiceGrpc.getGetItemMethod(), answered::countDown);

    assertThat(answered.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(gate.getCount()).as("the scans still run").isEqualTo(1);
  }

  @Test
  void scansBeyondTheirBoundAreRefusedAndOthersAreNot() {
    call(ItemServiceGrpc.getQueryItemsMethod(), this::waitAtTheGate);
    call(ItemServiceGrpc.getQueryItemsMethod(), this::waitAtTheGate);

    assertThatThrownBy(() -> call(ItemServiceGrpc.getQueryItemsMethod(), () -> {}))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OVERLOADED));
    call(ItemServiceGrpc.getGetItemMethod(), () -> {});
  }

  private <Q, A> void call(MethodDescriptor<Q, A> method, Runnable handler) {
    interceptor
        .interceptCall(
            new CallOfNobody<>(method),
            new Metadata(),
            (call, headers) ->
                new ServerCall.Listener<>() {
                  @Override
                  public void onHalfClose() {
                    handler.run();
                  }
                })
        .onHalfClose();
  }

  private void waitAtTheGate() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
