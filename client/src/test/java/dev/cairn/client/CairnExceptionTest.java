package dev.cairn.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.client.fake.Errors;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Failure;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.net.ConnectException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CairnExceptionTest {
  @Test
  void readsReasonMetadataAndMessage() {
    CairnException failure =
        CairnException.of(
            Errors.of(
                Code.ABORTED,
                ErrorReason.ERROR_REASON_ETAG_MISMATCH,
                "Backup b has another etag.",
                Map.of("actual_etag", "7")));

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_ETAG_MISMATCH);
    assertThat(failure.code()).isEqualTo(Code.ABORTED);
    assertThat(failure).hasMessage("Backup b has another etag.");
    assertThat(failure.metadata()).containsExactly(Map.entry("actual_etag", "7"));
  }

  @Test
  void readsFieldViolations() {
    CairnException failure = CairnException.of(Errors.invalid("items[3].data", "is no object"));

    assertThat(failure.violations())
        .containsExactly(new FieldViolation("items[3].data", "is no object"));
  }

  @Test
  void goesByTheCodeWhenTheReasonIsNewer() {
    CairnException failure =
        CairnException.of(Errors.of(Code.FAILED_PRECONDITION, "FROM_THE_FUTURE", "No.", Map.of()));

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_UNSPECIFIED);
    assertThat(failure.code()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(failure.hint()).contains("state");
  }

  @Test
  void namesTheCauseOfAConnectionThatFailed() {
    CairnException failure =
        CairnException.of(
            Status.UNAVAILABLE
                .withDescription("io exception")
                .withCause(new ConnectException("Connection refused: /127.0.0.1:7600"))
                .asRuntimeException());

    assertThat(failure).hasMessage("io exception: Connection refused: /127.0.0.1:7600");
  }

  @Test
  void standsForAFailedJobToo() {
    CairnException failure =
        CairnException.of(
            Failure.newBuilder()
                .setReason(ErrorReason.ERROR_REASON_DISK_FULL)
                .setMessage("No room.")
                .build());

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_DISK_FULL);
    assertThat(failure.hint()).contains("disk");
  }

  @Test
  void leavesOutDetailsOfOthers() {
    CairnException failure =
        CairnException.of(Status.DEADLINE_EXCEEDED.withDescription("late").asRuntimeException());

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED);
  }

  @ParameterizedTest
  @EnumSource(ErrorReason.class)
  void hasAHintForEveryReason(ErrorReason reason) {
    assertThat(Hints.of(reason)).endsWith(".").hasSizeLessThan(120);
  }

  @ParameterizedTest
  @EnumSource(Status.Code.class)
  void hasAHintForEveryCode(Status.Code code) {
    assertThat(Hints.of(code)).isNotEmpty();
  }
}
