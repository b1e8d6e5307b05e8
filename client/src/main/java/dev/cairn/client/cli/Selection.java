package dev.cairn.client.cli;

import com.google.protobuf.Value;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.Filter;
import dev.cairn.v1.FilterList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of a verb that say which items are meant. */
final class Selection {
  private static final Pattern CONDITION = Pattern.compile("(.+?)(<=|>=|!=|\\^=|\\*=|=|<|>)(.*)");

  @Option(
      names = "--where",
      paramLabel = "CONDITION",
      description =
          "Only items that meet it: PATH, one of = != < <= > >= ^= (begins with) *= (contains),"
              + " and a value, which is JSON where it can be, otherwise text; such as"
              + " 'country=DE', 'price<10' or 'address.city^=Be'. Repeatable: all must be met.")
  List<String> conditions = List.of();

  @Option(
      names = "--filter",
      paramLabel = "JSON",
      description = "Only items that match this; JSON form of the contract's message Filter.")
  @Nullable String filter;

  boolean isEmpty() {
    return conditions.isEmpty() && filter == null;
  }

  Filter filter() {
    FilterList.Builder all = FilterList.newBuilder();
    for (String condition : conditions) {
      all.addFilters(Filter.newBuilder().setComparison(comparison(condition)));
    }
    if (filter != null) {
      Filter.Builder given = Filter.newBuilder();
      CollectionCommands.merge(filter, given, "--filter");
      all.addFilters(given);
    }
    return all.getFiltersCount() == 1
        ? all.getFilters(0)
        : Filter.newBuilder().setAllOf(all).build();
  }

  private static Comparison comparison(String text) {
    Matcher parts = CONDITION.matcher(text);
    if (!parts.matches()) {
      throw new UsageException(
          "'" + text + "' is no condition.", "Write it as PATH=VALUE or PATH<VALUE.");
    }
    Comparison.Builder comparison = Comparison.newBuilder().setField(parts.group(1).strip());
    String operand = parts.group(3).strip();
    switch (parts.group(2)) {
      case "=" -> comparison.setEq(value(operand));
      case "!=" -> comparison.setNe(value(operand));
      case "<" -> comparison.setLt(value(operand));
      case "<=" -> comparison.setLe(value(operand));
      case ">" -> comparison.setGt(value(operand));
      case ">=" -> comparison.setGe(value(operand));
      case "^=" -> comparison.setStartsWith(operand);
      default -> comparison.setContains(operand);
    }
    return comparison.build();
  }

  private static Value value(String text) {
    Value.Builder value = Value.newBuilder();
    try {
      CollectionCommands.merge(text, value, text);
      return value.build();
    } catch (UsageException notJson) {
      return Value.newBuilder().setStringValue(text).build();
    }
  }
}
