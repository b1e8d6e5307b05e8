package dev.cairn.client.jsonl;

/** Bytes that are no JSON object, or one without what was looked for; the message says why. */
final class NotAnObjectException extends Exception {
  private static final long serialVersionUID = 1L;

  NotAnObjectException(String problem) {
    super(problem);
  }

  String problem() {
    return String.valueOf(getMessage());
  }
}
