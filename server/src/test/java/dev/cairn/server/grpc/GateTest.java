package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cairn.v1.ItemServiceGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What still enters when the workers have all they can take. */
class GateTest {
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  private final Workers workers = new Workers("worker", 1, 1);
  private final Workers scanWorkers = new Workers("scan", 1, 1);
  private final Gate gate =
      new Gate(workers, scanWorkers, new CallLog(System::nanoTime, Duration.ofSeconds(1)));
  private final CountDownLatch end = new CountDownLatch(1);

  @AfterEach
  void close() {
    end.countDown();
    workers.close();
    scanWorkers.close();
  }

  private void fill(Workers full) {
    full.call(
        () -> {
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Test
  void aCallThatIsTooMuchIsRefusedAtItsHeadersWithAReasonAndATime()
      throws InvalidProtocolBufferException {
    fill(workers);

    CallOfNobody<?, ?> call = begin(ItemServiceGrpc.getSaveItemMethod());

    assertThat(call.hasBegun()).as("anybody behind the gate knows").isFalse();
    assertThat(call.status()).extracting(Status::getCode).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    com.google.rpc.Status details = call.trailers().get(StatusMapper.DETAILS);
    assertThat(details).isNotNull();
    assertThat(details.getDetails(0).unpack(ErrorInfo.class).getReason()).isEqualTo("OVERLOADED");
    assertThat(details.getDetailsList())
        .filteredOn(any -> any.is(RetryInfo.class))
        .singleElement()
        .satisfies(
            any ->
                assertThat(any.unpack(RetryInfo.class).getRetryDelay().getSeconds()).isPositive());
  }

  @Test
  void refusalsDoNotShareWhatIsAddedToOne() {
    fill(workers);

    begin(ItemServiceGrpc.getSaveItemMethod()).trailers().put(REQUEST_ID, "one");

    Metadata other = begin(ItemServiceGrpc.getSaveItemMethod()).trailers();
    assertThat(other.containsKey(REQUEST_ID)).isFalse();
  }

  @Test
  void scansHaveABoundOfTheirOwn() {
    fill(workers);
    assertThat(begin(ItemServiceGrpc.getQueryItemsMethod()).hasBegun()).isTrue();

    fill(scanWorkers);
    assertThat(begin(ItemServiceGrpc.getQueryItemsMethod()).hasBegun()).isFalse();
  }

  @Test
  void streamsAndHealthPass() {
    fill(workers);
    fill(scanWorkers);

    assertThat(begin(ItemServiceGrpc.getExportItemsMethod()).hasBegun()).isTrue();
    assertThat(begin(ItemServiceGrpc.getImportItemsMethod()).hasBegun()).isTrue();
    assertThat(begin(HealthGrpc.getCheckMethod()).hasBegun()).isTrue();
  }

  @Test
  void aCallerThatGaveANameHearsIt() {
    fill(workers);
    Metadata headers = new Metadata();
    headers.put(REQUEST_ID, "a-name");

    Metadata trailers = begin(ItemServiceGrpc.getSaveItemMethod(), headers).trailers();

    assertThat(trailers.get(REQUEST_ID)).isEqualTo("a-name");
  }

  private <Q, A> CallOfNobody<Q, A> begin(MethodDescriptor<Q, A> method) {
    return begin(method, new Metadata());
  }

  private <Q, A> CallOfNobody<Q, A> begin(MethodDescriptor<Q, A> method, Metadata given) {
    CallOfNobody<Q, A> call = new CallOfNobody<>(method);
    var unused = gate.interceptCall(call, given, (same, headers) -> call.begin());
    return call;
  }
}
