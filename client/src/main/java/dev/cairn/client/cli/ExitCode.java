package dev.cairn.client.cli;

import dev.cairn.client.CairnException;
import dev.cairn.v1.ErrorReason;

/** What the process says to its caller. Stable: scripts depend on these numbers. */
final class ExitCode {
  static final int OK = 0;

  /** A job FAILED or was cancelled, a check found damage, or an error that has no code here. */
  static final int FAILED = 1;

  /** The command or the request is wrong. */
  static final int USAGE = 2;

  static final int NOT_FOUND = 3;

  /** What is there does not allow it: a conflict, a state, a limit. */
  static final int CONFLICT = 4;

  /** The server is not there, has too much to do, or took too long. */
  static final int UNAVAILABLE = 5;

  /** Not logged in, or without the right. */
  static final int DENIED = 6;

  /** The user pressed Ctrl-C. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}

  static int of(CairnException failure) {
    return switch (failure.code()) {
      case OK -> OK;
      case INVALID_ARGUMENT -> USAGE;
      case NOT_FOUND -> NOT_FOUND;
      case ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION, OUT_OF_RANGE -> CONFLICT;
      case RESOURCE_EXHAUSTED ->
          failure.reason() == ErrorReason.ERROR_REASON_OVERLOADED ? UNAVAILABLE : CONFLICT;
      case UNAVAILABLE, DEADLINE_EXCEEDED -> UNAVAILABLE;
      case UNAUTHENTICATED, PERMISSION_DENIED -> DENIED;
      case CANCELLED, UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS -> FAILED;
    };
  }
}
