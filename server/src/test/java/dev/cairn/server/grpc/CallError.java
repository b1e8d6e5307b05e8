package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** An error as a caller sees it, taken apart. */
record CallError(
    Status.Code code,
    String message,
    String reason,
    Map<String, String> metadata,
    List<Any> details) {

  /** The error that {@code call} ends with. */
  static CallError of(ThrowingCallable call) {
    StatusRuntimeException thrown = catchThrowableOfType(StatusRuntimeException.class, call);
    if (thrown == null) {
      throw new AssertionError("the call went well");
    }
    return of(thrown);
  }

  static CallError of(Throwable thrown) {
    com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
    if (status == null) {
      throw new AssertionError("no status", thrown);
    }
    ErrorInfo info =
        find(status.getDetailsList(), ErrorInfo.class)
            .orElseThrow(() -> new AssertionError("no ErrorInfo: " + status, thrown));
    return new CallError(
        Status.fromCodeValue(status.getCode()).getCode(),
        status.getMessage(),
        info.getReason(),
        info.getMetadataMap(),
        status.getDetailsList());
  }

  <M extends Message> M detail(Class<M> type) {
    return find(details, type)
        .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + " in " + details));
  }

  /** The fields that were refused. */
  List<String> fields() {
    return detail(BadRequest.class).getFieldViolationsList().stream()
        .map(BadRequest.FieldViolation::getField)
        .toList();
  }

  String fact(String key) {
    return Objects.requireNonNullElse(metadata.get(key), "");
  }

  private static <M extends Message> Optional<M> find(List<Any> details, Class<M> type) {
    for (Any any : details) {
      if (any.is(type)) {
        try {
          return Optional.of(any.unpack(type));
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return Optional.empty();
  }
}
