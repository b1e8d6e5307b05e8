package dev.cairn.client.fake;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.cairn.v1.ErrorReason;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Map;

/** Error statuses as the contract describes them. */
public final class Errors {
  private Errors() {}

  public static StatusRuntimeException of(
      io.grpc.Status.Code code, ErrorReason reason, String message, Map<String, String> metadata) {
    return of(code, reason.name().substring("ERROR_REASON_".length()), message, metadata);
  }

  public static StatusRuntimeException of(
      io.grpc.Status.Code code,
      String reason,
      String message,
      Map<String, String> metadata,
      Any... details) {
    Status.Builder status =
        Status.newBuilder()
            .setCode(code.value())
            .setMessage(message)
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(reason)
                        .setDomain("cairn.dev")
                        .putAllMetadata(metadata)
                        .build()));
    for (Any detail : details) {
      status.addDetails(detail);
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  /** A failure on the way, as a transport reports it: without details. */
  public static StatusRuntimeException transport(io.grpc.Status.Code code) {
    return io.grpc.Status.fromCode(code).withDescription("connection lost").asRuntimeException();
  }

  public static StatusRuntimeException overloaded(long retryMillis) {
    return of(
        io.grpc.Status.Code.RESOURCE_EXHAUSTED,
        "OVERLOADED",
        "Too many calls.",
        Map.of("limit", "1"),
        retryAfter(retryMillis));
  }

  public static StatusRuntimeException switching(long retryMillis) {
    return of(
        io.grpc.Status.Code.UNAVAILABLE,
        "SITE_SWITCHING",
        "The site is switching.",
        Map.of(),
        retryAfter(retryMillis));
  }

  public static StatusRuntimeException invalid(String field, String description) {
    return of(
        io.grpc.Status.Code.INVALID_ARGUMENT,
        "INVALID_ARGUMENT",
        field + ": " + description,
        Map.of(),
        Any.pack(
            BadRequest.newBuilder()
                .addFieldViolations(
                    BadRequest.FieldViolation.newBuilder()
                        .setField(field)
                        .setDescription(description))
                .build()));
  }

  public static StatusRuntimeException notFound(ErrorReason reason, String id) {
    return of(io.grpc.Status.Code.NOT_FOUND, reason, "There is no " + id + ".", Map.of("id", id));
  }

  public static StatusRuntimeException unauthenticated(String problem) {
    return of(
        io.grpc.Status.Code.UNAUTHENTICATED,
        "UNAUTHENTICATED",
        "The token is not good.",
        Map.of("problem", problem));
  }

  private static Any retryAfter(long millis) {
    return Any.pack(
        RetryInfo.newBuilder()
            .setRetryDelay(
                Duration.newBuilder()
                    .setSeconds(millis / 1000)
                    .setNanos((int) (millis % 1000) * 1_000_000))
            .build());
  }
}
