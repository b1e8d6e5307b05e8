package dev.cairn.client.console;

/** A request that the console itself does not carry out. */
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String hint;

  /**
   * @param status the HTTP status
   * @param hint what to do now
   */
  RefusedException(int status, String message, String hint) {
    super(message);
    this.status = status;
    this.hint = hint;
  }

  int status() {
    return status;
  }

  String hint() {
    return hint;
  }
}
