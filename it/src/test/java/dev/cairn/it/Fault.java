package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cairn.v1.ErrorReason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An error status as a caller sees it.
 *
 * @param reason empty when the connection itself broke
 */
record Fault(
    Status.Code code,
    Optional<ErrorReason> reason,
    String message,
    Map<String, String> metadata,
    List<BadRequest.FieldViolation> violations,
    List<Any> details) {

  /** What {@code call} is refused with; it fails when the call succeeds. */
  static Fault from(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return of(e);
    }
    throw new AssertionError("the call succeeded");
  }

  static Fault of(StatusRuntimeException thrown) {
    com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
    List<Any> details = status == null ? List.of() : status.getDetailsList();
    Optional<ErrorInfo> info = find(details, ErrorInfo.class);
    info.ifPresent(each -> assertThat(each.getDomain()).isEqualTo("cairn.dev"));
    return new Fault(
        thrown.getStatus().getCode(),
        info.map(each -> ErrorReason.valueOf("ERROR_REASON_" + each.getReason())),
        String.valueOf(thrown.getStatus().getDescription()),
        info.map(ErrorInfo::getMetadataMap).orElse(Map.of()),
        find(details, BadRequest.class).map(BadRequest::getFieldViolationsList).orElse(List.of()),
        details);
  }

  boolean is(ErrorReason other) {
    return reason.filter(other::equals).isPresent();
  }

  /** The server was gone: whether the call took effect is unknown. */
  boolean lostConnection() {
    return reason.isEmpty()
        && (code == Status.Code.UNAVAILABLE
            || code == Status.Code.CANCELLED
            || code == Status.Code.INTERNAL
            // What the transport says when it notices in the middle of beginning a call.
            || (code == Status.Code.UNKNOWN && message.contains("channel closed")));
  }

  List<String> fields() {
    return violations.stream().map(BadRequest.FieldViolation::getField).toList();
  }

  boolean hasRetryInfo() {
    return find(details, RetryInfo.class).isPresent();
  }

  static <T extends Message> Optional<T> find(List<Any> details, Class<T> type) {
    return details.stream()
        .filter(each -> each.is(type))
        .findFirst()
        .map(
            each -> {
              try {
                return each.unpack(type);
              } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
              }
            });
  }
}
