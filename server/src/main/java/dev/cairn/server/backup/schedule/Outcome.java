package dev.cairn.server.backup.schedule;

import dev.cairn.server.error.Reason;
import java.time.Instant;

/** What became of an AUTO backup. */
sealed interface Outcome {
  /** It is queued or being made. */
  record Pending() implements Outcome {}

  /** It became READY, whatever happened to it later. */
  record Ready(Instant snapshot) implements Outcome {}

  /** It could not be made and is worth another try. */
  record Failed(Instant time, Reason reason) implements Outcome {}

  /** It was cancelled, or nobody knows it any more: that is not a failure. */
  record Gone() implements Outcome {}
}
