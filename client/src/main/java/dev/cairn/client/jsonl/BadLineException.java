package dev.cairn.client.jsonl;

/** A line that is no item; the reader can go on with the next one. */
public final class BadLineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long lineNumber;
  private final String problem;

  BadLineException(long lineNumber, String problem) {
    super("line " + lineNumber + ": " + problem);
    this.lineNumber = lineNumber;
    this.problem = problem;
  }

  /** Number of the line, from 1; blank lines count. */
  public long lineNumber() {
    return lineNumber;
  }

  /** What is wrong with it, without the number. */
  public String problem() {
    return problem;
  }
}
