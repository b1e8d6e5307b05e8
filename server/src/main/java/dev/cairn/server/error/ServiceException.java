package dev.cairn.server.error;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of the server. Its message is meant for the caller: what failed, with which
 * value, what to do; never a path, a secret or a stack trace. The cause is for the log alone.
 *
 * <p>Immutable.
 */
public final class ServiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final transient Map<String, String> metadata;
  private final transient List<FieldViolation> violations;
  private final transient @Nullable Duration retryAfter;

  private ServiceException(
      Reason reason,
      Map<String, String> metadata,
      List<FieldViolation> violations,
      @Nullable Duration retryAfter,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
    this.violations = List.copyOf(violations);
    this.retryAfter = retryAfter;
  }

  public ServiceException(Reason reason, String message) {
    this(reason, Map.of(), List.of(), null, message, null);
  }

  public ServiceException(Reason reason, Map<String, String> metadata, String message) {
    this(reason, metadata, List.of(), null, message, null);
  }

  public ServiceException(
      Reason reason, Map<String, String> metadata, String message, @Nullable Throwable cause) {
    this(reason, metadata, List.of(), null, message, cause);
  }

  /** A request whose field {@code field} cannot be accepted. */
  public static ServiceException invalid(String field, String description) {
    return invalid(List.of(new FieldViolation(field, description)));
  }

  /** A request with several fields that cannot be accepted; at least one. */
  public static ServiceException invalid(List<FieldViolation> violations) {
    return invalid(Reason.INVALID_ARGUMENT, violations);
  }

  /** The same with a more exact reason. */
  public static ServiceException invalid(Reason reason, List<FieldViolation> violations) {
    FieldViolation first = violations.get(0);
    return new ServiceException(
        reason, Map.of(), violations, null, first.field() + ": " + first.description(), null);
  }

  /** The same failure, with the advice to try again no sooner than {@code delay}. */
  public ServiceException withRetryAfter(Duration delay) {
    return new ServiceException(
        reason, metadata, violations, delay, String.valueOf(getMessage()), getCause());
  }

  /** The same failure, with one more fact. */
  public ServiceException withFact(String key, String value) {
    Map<String, String> facts = new HashMap<>(metadata);
    facts.put(key, value);
    return new ServiceException(
        reason, facts, violations, retryAfter, String.valueOf(getMessage()), getCause());
  }

  public Reason reason() {
    return reason;
  }

  /** Facts for programs, for example {@code backup_id}; keys are those the contract documents. */
  public Map<String, String> metadata() {
    return metadata;
  }

  public List<FieldViolation> violations() {
    return violations;
  }

  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
