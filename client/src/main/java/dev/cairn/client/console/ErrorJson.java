package dev.cairn.client.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cairn.client.CairnException;
import dev.cairn.v1.ErrorReason;
import java.nio.charset.StandardCharsets;

/** Failures as the page gets them: what went wrong, why, and what to do. */
final class ErrorJson {
  private static final String PREFIX = "ERROR_REASON_";

  private ErrorJson() {}

  static byte[] of(CairnException failure) {
    ObjectNode error = error(String.valueOf(failure.getMessage()), failure.hint());
    ErrorReason reason = failure.reason();
    error.put(
        "reason",
        reason == ErrorReason.ERROR_REASON_UNSPECIFIED
            ? failure.code().name()
            : reason.name().replace(PREFIX, ""));
    ArrayNode violations = error.putArray("fieldViolations");
    failure
        .violations()
        .forEach(
            violation ->
                violations
                    .addObject()
                    .put("field", violation.field())
                    .put("description", violation.description()));
    return bytes(error);
  }

  static byte[] of(RefusedException refusal) {
    return bytes(error(String.valueOf(refusal.getMessage()), refusal.hint()));
  }

  /** The HTTP status that says most nearly the same. */
  static int status(CairnException failure) {
    return switch (failure.code()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> 400;
      case NOT_FOUND -> 404;
      case ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION -> 409;
      case RESOURCE_EXHAUSTED -> 429;
      // Not 401: that one says that this page has lost its key.
      case UNAUTHENTICATED, PERMISSION_DENIED -> 403;
      case UNAVAILABLE -> 503;
      case DEADLINE_EXCEEDED -> 504;
      default -> 502;
    };
  }

  private static ObjectNode error(String message, String hint) {
    return JsonNodeFactory.instance.objectNode().put("message", message).put("hint", hint);
  }

  private static byte[] bytes(ObjectNode error) {
    ObjectNode whole = JsonNodeFactory.instance.objectNode();
    whole.set("error", error);
    return whole.toString().getBytes(StandardCharsets.UTF_8);
  }
}
