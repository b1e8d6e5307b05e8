package dev.cairn.server;

/** The server cannot start; the message tells whoever operates it what to do. */
public final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a program would do about it. */
  public enum Kind {
    /** What the configuration asks for cannot or must not be done. */
    CONFIGURATION,
    /** Another server has the data directory. */
    IN_USE,
    /** The address cannot be listened on. */
    CANNOT_LISTEN,
    /** The data directory cannot be used. */
    DATA,
    /** The storage engine's native library cannot be loaded. */
    ENGINE
  }

  private final Kind kind;

  StartException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  StartException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
