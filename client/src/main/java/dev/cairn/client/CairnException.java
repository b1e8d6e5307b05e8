package dev.cairn.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Failure;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of the client: a call or a stream failed, or a job that was waited for ended as
 * FAILED.
 *
 * <p>Decide by {@link #reason()}; if that is {@code ERROR_REASON_UNSPECIFIED} (the server was not
 * reached, or is newer than this client), by {@link #code()}. The message is for people and may
 * change. When it is thrown, the client has already repeated what may be repeated.
 *
 * <p>Immutable.
 */
public final class CairnException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String DOMAIN = "cairn.dev";

  private final Status.Code code;
  private final ErrorReason reason;
  private final boolean explained;
  private final transient Map<String, String> metadata;
  private final transient List<FieldViolation> violations;
  private final transient @Nullable Duration retryDelay;

  private CairnException(
      Status.Code code,
      ErrorReason reason,
      boolean explained,
      Map<String, String> metadata,
      List<FieldViolation> violations,
      @Nullable Duration retryDelay,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.reason = reason;
    this.explained = explained;
    this.metadata = Map.copyOf(metadata);
    this.violations = List.copyOf(violations);
    this.retryDelay = retryDelay;
  }

  /** A failure that this client found by itself. */
  static CairnException local(Status.Code code, String message, @Nullable Throwable cause) {
    return new CairnException(
        code, reasonOf(code), false, Map.of(), List.of(), null, message, cause);
  }

  /** The calling thread was interrupted; its flag is set again. */
  static CairnException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return local(Status.Code.CANCELLED, "The calling thread was interrupted.", e);
  }

  /** A backup or restoration that was waited for is in state FAILED. */
  public static CairnException of(Failure failure) {
    return new CairnException(
        Status.Code.UNKNOWN,
        failure.getReason(),
        true,
        failure.getMetadataMap(),
        List.of(),
        null,
        failure.getMessage(),
        null);
  }

  static CairnException of(StatusRuntimeException e) {
    return of(e.getStatus(), e.getTrailers(), e);
  }

  static CairnException of(StatusException e) {
    return of(e.getStatus(), e.getTrailers(), e);
  }

  private static CairnException of(Status status, @Nullable Metadata trailers, Exception cause) {
    ErrorReason reason = reasonOf(status.getCode());
    boolean explained = false;
    Map<String, String> metadata = Map.of();
    List<FieldViolation> violations = new ArrayList<>();
    Duration retryDelay = null;
    for (Any detail : details(status, trailers)) {
      try {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          if (info.getDomain().equals(DOMAIN)) {
            explained = true;
            reason = reasonOf(info.getReason(), reason);
            metadata = info.getMetadataMap();
          }
        } else if (detail.is(BadRequest.class)) {
          for (BadRequest.FieldViolation v :
              detail.unpack(BadRequest.class).getFieldViolationsList()) {
            violations.add(new FieldViolation(v.getField(), v.getDescription()));
          }
        } else if (detail.is(RetryInfo.class)) {
          com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
          retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        }
      } catch (InvalidProtocolBufferException e) {
        // A detail that cannot be read is left out; the code still says what to do.
        cause.addSuppressed(e);
      }
    }
    return new CairnException(
        status.getCode(),
        reason,
        explained,
        metadata,
        violations,
        retryDelay,
        message(status, explained),
        cause);
  }

  private static List<Any> details(Status status, @Nullable Metadata trailers) {
    com.google.rpc.Status rich = StatusProto.fromStatusAndTrailers(status, trailers);
    return rich == null ? List.of() : rich.getDetailsList();
  }

  /** The server's words; for a failure on the way to it, with the cause that has the address. */
  private static String message(Status status, boolean explained) {
    String description = status.getDescription();
    String text =
        description == null || description.isEmpty() ? status.getCode().name() : description;
    Throwable cause = status.getCause();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (explained || cause == null || cause.getMessage() == null) {
      return text;
    }
    return text.contains(cause.getMessage()) ? text : text + ": " + cause.getMessage();
  }

  private static ErrorReason reasonOf(String name, ErrorReason otherwise) {
    try {
      return ErrorReason.valueOf("ERROR_REASON_" + name);
    } catch (IllegalArgumentException newerThanThisClient) {
      return otherwise;
    }
  }

  /** What a code means when nobody gave a reason, where it can mean only one thing. */
  private static ErrorReason reasonOf(Status.Code code) {
    return switch (code) {
      case DEADLINE_EXCEEDED -> ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED;
      case CANCELLED -> ErrorReason.ERROR_REASON_CANCELLED;
      case UNIMPLEMENTED -> ErrorReason.ERROR_REASON_NOT_IMPLEMENTED;
      case UNAUTHENTICATED -> ErrorReason.ERROR_REASON_UNAUTHENTICATED;
      case PERMISSION_DENIED -> ErrorReason.ERROR_REASON_PERMISSION_DENIED;
      default -> ErrorReason.ERROR_REASON_UNSPECIFIED;
    };
  }

  /**
   * What a caller may do about it; the comment of the value in the contract says what. {@code
   * ERROR_REASON_UNSPECIFIED} if the server was not reached or gave a reason that this client does
   * not know.
   */
  public ErrorReason reason() {
    return reason;
  }

  /** The status code; {@code UNKNOWN} for a job that FAILED. */
  public Status.Code code() {
    return code;
  }

  /** Ids and values about the failure, with the keys that the contract lists at the reason. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The fields that were refused; empty unless the request broke a rule. */
  public List<FieldViolation> violations() {
    return violations;
  }

  /** How long the server asks to wait before the call is made again. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  /** One sentence for people that says what to do now; never empty. */
  public String hint() {
    return reason == ErrorReason.ERROR_REASON_UNSPECIFIED ? Hints.of(code) : Hints.of(reason);
  }

  /** Whether the request was certainly not carried out, so that anything may be repeated. */
  boolean notBegun() {
    return switch (reason) {
      case ERROR_REASON_SITE_SWITCHING, ERROR_REASON_OVERLOADED -> true;
      default -> false;
    };
  }

  /**
   * Whether it may pass by itself; a request that was sent may or may not have been carried out.
   */
  boolean mayPass() {
    return code == Status.Code.UNAVAILABLE || notBegun();
  }

  /**
   * Whether a token that was good before is so no more: a stream that it opened ends with this, and
   * goes on with a new one.
   */
  boolean tokenLapsed() {
    return reason == ErrorReason.ERROR_REASON_UNAUTHENTICATED
        && ("expired".equals(metadata.get("problem"))
            || "signature".equals(metadata.get("problem")));
  }

  /**
   * Whether only the stream broke, so that opening another goes on where it ended. Wider than
   * {@link #mayPass()}: proxies and transports end streams with codes of their own, without a
   * reason.
   */
  boolean brokeStream() {
    if (mayPass() || reason == ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED) {
      return true;
    }
    if (explained) {
      return false;
    }
    return switch (code) {
      case INTERNAL, RESOURCE_EXHAUSTED, CANCELLED, UNKNOWN -> true;
      default -> false;
    };
  }
}
