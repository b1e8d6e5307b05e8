package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.util.Map;

/** Why a backup or a restoration failed, as a caller may read it. */
public record JobFailure(Reason reason, String message, Map<String, String> metadata) {
  public JobFailure {
    metadata = Map.copyOf(metadata);
  }

  /** What {@code thrown} means to a caller; anything unexpected becomes INTERNAL. */
  public static JobFailure of(Throwable thrown) {
    if (thrown instanceof ServiceException known) {
      return new JobFailure(known.reason(), String.valueOf(known.getMessage()), known.metadata());
    }
    return new JobFailure(Reason.INTERNAL, "an unexpected error; see the server's log", Map.of());
  }
}
