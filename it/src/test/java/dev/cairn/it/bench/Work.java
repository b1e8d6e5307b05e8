package dev.cairn.it.bench;

/**
 * A kind of work that everybody does, and what Cairn is to reach.
 *
 * @param name what is done
 * @param unit of the figures
 * @param target what is expected of the ratio of Cairn to the limit, or of the figure; may be empty
 */
record Work(String name, Unit unit, String target) {
  enum Unit {
    MILLISECONDS("ms"),
    MICROSECONDS("us"),
    PER_SECOND("/s"),
    BYTES("B");

    private final String symbol;

    Unit(String symbol) {
      this.symbol = symbol;
    }

    String symbol() {
      return symbol;
    }
  }

  static Work time(String name, String target) {
    return new Work(name, Unit.MILLISECONDS, target);
  }

  static Work rate(String name, String target) {
    return new Work(name, Unit.PER_SECOND, target);
  }

  /** Processor time of the process that does the work; a busy machine changes it little. */
  static Work processor(String name) {
    return new Work(name + ", processor time each", Unit.MICROSECONDS, "");
  }

  static Work size(String name, String target) {
    return new Work(name, Unit.BYTES, target);
  }
}
