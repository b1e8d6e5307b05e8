package dev.cairn.client.cli;

/** A check of the tour that did not hold. */
final class CheckFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CheckFailedException(String message) {
    super(message);
  }

  static void ensure(boolean condition, String otherwise) {
    if (!condition) {
      throw new CheckFailedException(otherwise);
    }
  }
}
