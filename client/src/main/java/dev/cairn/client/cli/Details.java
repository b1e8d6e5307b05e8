package dev.cairn.client.cli;

import java.util.ArrayList;
import java.util.List;

/** One thing for people: a line for each of its values, labels on the left. */
final class Details {
  private record Line(String label, String value) {}

  private final List<Line> lines = new ArrayList<>();

  /** Adds a line, unless there is nothing to say. */
  Details add(String label, String value) {
    if (!value.isEmpty()) {
      lines.add(new Line(label, Table.clean(value)));
    }
    return this;
  }

  Details addIf(boolean condition, String label, String value) {
    return condition ? add(label, value) : this;
  }

  @Override
  public String toString() {
    int width = lines.stream().mapToInt(l -> l.label().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (Line line : lines) {
      text.append(line.label())
          .append(" ".repeat(width + 2 - line.label().length()))
          .append(line.value())
          .append('\n');
    }
    return text.toString();
  }
}
