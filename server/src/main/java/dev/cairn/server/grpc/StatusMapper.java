package dev.cairn.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.telemetry.Bursts;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only class that knows status codes: what a failure is on the wire, as the comments of {@code
 * cairn.v1.ErrorReason} say. Immutable.
 *
 * <p>Trailers have to fit into the 8 KiB that clients accept by default, so messages, values and
 * the number of violations are bounded here.
 */
final class StatusMapper {
  static final String DOMAIN = "cairn.dev";

  static final Metadata.Key<com.google.rpc.Status> DETAILS =
      Metadata.Key.of(
          "grpc-status-details-bin",
          ProtoUtils.metadataMarshaller(com.google.rpc.Status.getDefaultInstance()));

  private static final Logger log = LoggerFactory.getLogger(StatusMapper.class);

  /** Details are sent as Base64, the message a second time beside them. */
  private static final int MAX_DETAILS_BYTES = 3_600;

  private static final int MAX_MESSAGE = 500;
  private static final int MAX_VALUE = 1_000;

  /** A disk that fails, fails every call: its own words are told once. */
  private static final Bursts CAUSES = new Bursts(Duration.ofMinutes(1), System::nanoTime);

  private StatusMapper() {}

  /** A status and what travels with it. */
  record Reply(Status status, Metadata trailers) {
    private static Reply of(com.google.rpc.Status details) {
      StatusRuntimeException exception = StatusProto.toStatusRuntimeException(details);
      @Nullable Metadata trailers = exception.getTrailers();
      return new Reply(exception.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    /** The reason that a caller reads in it. */
    Optional<ErrorInfo> errorInfo() {
      return StatusMapper.errorInfo(trailers);
    }
  }

  /** What {@code thrown} is to the caller of {@code call}. Something unexpected is logged here. */
  static Reply map(Throwable thrown, CallInfo call) {
    if (thrown instanceof ServiceException known && known.reason() != Reason.INTERNAL) {
      if (known.getCause() != null
          && CAUSES.begins(known.reason() + " " + call.names().get("site_id"))) {
        log.error("reason={} method={}", known.reason(), call.method(), known);
      }
      return map(known, call);
    }
    if (thrown instanceof StatusRuntimeException status) {
      return map(status.getStatus(), Optional.ofNullable(status.getTrailers()), call);
    }
    if (thrown instanceof StatusException status) {
      return map(status.getStatus(), Optional.ofNullable(status.getTrailers()), call);
    }
    return internal(thrown, call);
  }

  /** A status that somebody else made: details are added if it has none. */
  static Reply map(Status status, Optional<Metadata> trailers, CallInfo call) {
    if (status.isOk() || trailers.map(each -> each.containsKey(DETAILS)).orElse(false)) {
      return new Reply(status, trailers.orElseGet(Metadata::new));
    }
    @Nullable Throwable cause = status.getCause();
    if (cause != null && status.getCode() == Status.Code.UNKNOWN) {
      return map(cause, call); // what a handler gave to onError
    }
    String message = Optional.ofNullable(status.getDescription()).orElse("");
    return switch (status.getCode()) {
      case UNIMPLEMENTED -> map(notImplemented(call.method()), call);
      case CANCELLED -> map(new ServiceException(Reason.CANCELLED, message), call);
      case DEADLINE_EXCEEDED -> map(new ServiceException(Reason.DEADLINE_EXCEEDED, message), call);
      case RESOURCE_EXHAUSTED, INVALID_ARGUMENT ->
          map(new ServiceException(Reason.INVALID_ARGUMENT, message), call);
      default -> internal(cause == null ? status.asRuntimeException() : cause, call);
    };
  }

  /** What the server does not have yet. */
  static ServiceException notImplemented(String feature) {
    return new ServiceException(
        Reason.NOT_IMPLEMENTED,
        Map.of("feature", feature),
        "this server does not have " + feature + " yet");
  }

  static Optional<ErrorInfo> errorInfo(Metadata trailers) {
    com.google.rpc.@Nullable Status details = trailers.get(DETAILS);
    if (details == null) {
      return Optional.empty();
    }
    return details.getDetailsList().stream()
        .filter(any -> any.is(ErrorInfo.class))
        .map(any -> any.getValue())
        .findFirst()
        .map(StatusMapper::parseErrorInfo);
  }

  private static ErrorInfo parseErrorInfo(com.google.protobuf.ByteString bytes) {
    try {
      return ErrorInfo.parseFrom(bytes);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException("details made by this server", e);
    }
  }

  private static Reply internal(Throwable thrown, CallInfo call) {
    String errorId = UUID.randomUUID().toString().substring(0, 13);
    log.error("unexpected error error_id={} method={}", errorId, call.method(), thrown);
    return map(
        new ServiceException(
            Reason.INTERNAL,
            Map.of("error_id", errorId),
            "an unexpected error; report it with its error_id " + errorId),
        call);
  }

  private static Reply map(ServiceException exception, CallInfo call) {
    Reason reason = exception.reason() == Reason.INTERRUPTED ? Reason.INTERNAL : exception.reason();
    Map<String, String> metadata = new TreeMap<>(call.names());
    exception.metadata().forEach((key, value) -> metadata.put(key, shortened(value, MAX_VALUE)));
    String message = shortened(String.valueOf(exception.getMessage()), MAX_MESSAGE);

    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(code(reason).getNumber()).setMessage(message);
    status.addDetails(
        Any.pack(
            ErrorInfo.newBuilder()
                .setReason(reason.name())
                .setDomain(DOMAIN)
                .putAllMetadata(metadata)
                .build()));
    for (Message detail : details(reason, message, metadata)) {
      status.addDetails(Any.pack(detail));
    }
    retryAfter(exception).ifPresent(delay -> status.addDetails(Any.pack(retryInfo(delay))));
    if (code(reason) == Code.INVALID_ARGUMENT) {
      status.addDetails(
          Any.pack(
              badRequest(
                  exception.violations(), MAX_DETAILS_BYTES - status.build().getSerializedSize())));
    }
    return Reply.of(status.build());
  }

  /** The status code that each reason travels with. */
  static Code code(Reason reason) {
    return switch (reason) {
      case INVALID_ARGUMENT, INVALID_PAGE_TOKEN -> Code.INVALID_ARGUMENT;
      case SITE_NOT_FOUND,
          COLLECTION_NOT_FOUND,
          ITEM_NOT_FOUND,
          BACKUP_NOT_FOUND,
          RESTORATION_NOT_FOUND ->
          Code.NOT_FOUND;
      case SITE_ALREADY_EXISTS, COLLECTION_ALREADY_EXISTS, ITEM_ALREADY_EXISTS ->
          Code.ALREADY_EXISTS;
      case REVISION_MISMATCH, ETAG_MISMATCH, RESTORATION_IN_PROGRESS, PREVIEW_OUTDATED ->
          Code.ABORTED;
      case REQUEST_ID_CONFLICT,
          SITE_NOT_EMPTY,
          BACKUP_NOT_READY,
          BACKUP_CORRUPT,
          BACKUP_IN_USE,
          NOT_CANCELABLE,
          NOT_UNDOABLE,
          IMPORT_SEQUENCE_GAP ->
          Code.FAILED_PRECONDITION;
      case COLLECTION_LIMIT_REACHED, ALL_BACKUPS_PINNED, OVERLOADED, DISK_FULL, QUERY_TOO_LARGE ->
          Code.RESOURCE_EXHAUSTED;
      case EVENTS_EXPIRED -> Code.OUT_OF_RANGE;
      case SITE_SWITCHING, SHUTTING_DOWN, STORAGE_FAILED -> Code.UNAVAILABLE;
      case DATA_CORRUPT -> Code.DATA_LOSS;
      case UNAUTHENTICATED -> Code.UNAUTHENTICATED;
      case PERMISSION_DENIED -> Code.PERMISSION_DENIED;
      case NOT_IMPLEMENTED -> Code.UNIMPLEMENTED;
      case DEADLINE_EXCEEDED -> Code.DEADLINE_EXCEEDED;
      case CANCELLED -> Code.CANCELLED;
      case INTERNAL, INTERRUPTED -> Code.INTERNAL;
    };
  }

  private static List<Message> details(
      Reason reason, String message, Map<String, String> metadata) {
    return switch (reason) {
      case SITE_NOT_FOUND, SITE_ALREADY_EXISTS -> resource("Site", "site_id", message, metadata);
      case COLLECTION_NOT_FOUND, COLLECTION_ALREADY_EXISTS ->
          resource("Collection", "collection_id", message, metadata);
      case ITEM_NOT_FOUND, ITEM_ALREADY_EXISTS -> resource("Item", "item_id", message, metadata);
      case BACKUP_NOT_FOUND -> resource("Backup", "backup_id", message, metadata);
      case RESTORATION_NOT_FOUND -> resource("Restoration", "restoration_id", message, metadata);
      case REQUEST_ID_CONFLICT,
          SITE_NOT_EMPTY,
          BACKUP_NOT_READY,
          BACKUP_CORRUPT,
          BACKUP_IN_USE,
          NOT_CANCELABLE,
          NOT_UNDOABLE,
          IMPORT_SEQUENCE_GAP ->
          List.of(
              PreconditionFailure.newBuilder()
                  .addViolations(
                      PreconditionFailure.Violation.newBuilder()
                          .setType(reason.name())
                          .setSubject(subject(metadata))
                          .setDescription(message))
                  .build());
      case COLLECTION_LIMIT_REACHED, ALL_BACKUPS_PINNED, OVERLOADED, DISK_FULL, QUERY_TOO_LARGE ->
          List.of(
              QuotaFailure.newBuilder()
                  .addViolations(
                      QuotaFailure.Violation.newBuilder()
                          .setSubject(quotaSubject(reason, metadata))
                          .setDescription(message))
                  .build());
      case INVALID_ARGUMENT,
          INVALID_PAGE_TOKEN,
          REVISION_MISMATCH,
          ETAG_MISMATCH,
          RESTORATION_IN_PROGRESS,
          PREVIEW_OUTDATED,
          EVENTS_EXPIRED,
          SITE_SWITCHING,
          SHUTTING_DOWN,
          STORAGE_FAILED,
          DATA_CORRUPT,
          UNAUTHENTICATED,
          PERMISSION_DENIED,
          NOT_IMPLEMENTED,
          DEADLINE_EXCEEDED,
          CANCELLED,
          INTERNAL,
          INTERRUPTED ->
          List.of();
    };
  }

  private static List<Message> resource(
      String type, String key, String message, Map<String, String> metadata) {
    return List.of(
        ResourceInfo.newBuilder()
            .setResourceType("cairn.v1." + type)
            .setResourceName(metadata.getOrDefault(key, ""))
            .setDescription(message)
            .build());
  }

  /** What a precondition is about: the innermost thing that is named. */
  private static String subject(Map<String, String> metadata) {
    for (String key :
        List.of("request_id", "import_id", "restoration_id", "backup_id", "item_id", "site_id")) {
      if (metadata.containsKey(key)) {
        return key.substring(0, key.length() - "_id".length()) + ":" + metadata.get(key);
      }
    }
    return "server";
  }

  private static String quotaSubject(Reason reason, Map<String, String> metadata) {
    boolean ofServer = reason == Reason.OVERLOADED || reason == Reason.DISK_FULL;
    return ofServer || !metadata.containsKey("site_id")
        ? "server"
        : "site:" + metadata.get("site_id");
  }

  private static Optional<Duration> retryAfter(ServiceException exception) {
    return exception
        .retryAfter()
        .or(
            () ->
                switch (exception.reason()) {
                  case SITE_SWITCHING -> Optional.of(Duration.ofMillis(100));
                  case SHUTTING_DOWN, OVERLOADED -> Optional.of(Duration.ofSeconds(1));
                  default -> Optional.empty();
                });
  }

  private static RetryInfo retryInfo(Duration delay) {
    return RetryInfo.newBuilder().setRetryDelay(Times.toProto(delay)).build();
  }

  /** As many violations as there is room for. */
  private static BadRequest badRequest(List<FieldViolation> violations, int room) {
    BadRequest.Builder request = BadRequest.newBuilder();
    int left = room;
    for (FieldViolation violation : violations) {
      BadRequest.FieldViolation next =
          BadRequest.FieldViolation.newBuilder()
              .setField(shortened(violation.field(), MAX_MESSAGE))
              .setDescription(shortened(violation.description(), MAX_MESSAGE))
              .build();
      left -= next.getSerializedSize() + 4;
      if (left < 0 && request.getFieldViolationsCount() > 0) {
        break;
      }
      request.addFieldViolations(next);
    }
    return request.build();
  }

  private static String shortened(String text, int max) {
    int bytes = 0;
    int end = 0;
    while (end < text.length()) {
      int point = text.codePointAt(end);
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (bytes > max) {
        return text.substring(0, end) + "...";
      }
      end += Character.charCount(point);
    }
    return text;
  }
}
