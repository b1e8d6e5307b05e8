package dev.cairn.server.auth;

/** A file of keys or certificates is not what it has to be. The message is for operators. */
public final class UnusableFileException extends Exception {
  private static final long serialVersionUID = 1L;

  public UnusableFileException(String message) {
    super(message);
  }

  public UnusableFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
