package dev.cairn.server.config;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All keys, in the order in which they are shown. Immutable. */
public final class ConfigTable {
  private final Map<String, ConfigKey<?>> byName = new LinkedHashMap<>();
  private final Map<String, ConfigKey<?>> byVariable = new LinkedHashMap<>();

  /**
   * A table of keys.
   *
   * @throws IllegalArgumentException if two have the same name or environment variable
   */
  public ConfigTable(List<ConfigKey<?>> keys) {
    for (ConfigKey<?> key : keys) {
      if (byName.put(key.name(), key) != null || byVariable.put(key.variable(), key) != null) {
        throw new IllegalArgumentException("key listed twice: " + key.name());
      }
    }
  }

  /** The keys, as a table for a Markdown page; ends with a line break. */
  public String markdownTable() {
    StringBuilder table = new StringBuilder();
    table.append("| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n");
    for (ConfigKey<?> key : keys()) {
      String value = key.shown(key.defaultText());
      table
          .append("| `")
          .append(key.name())
          .append("` | ")
          .append(value.isEmpty() ? "" : "`" + cell(value) + "`")
          .append(" | ")
          .append(cell(key.type().shortAllowed()))
          .append(" | ")
          .append(cell(key.description()))
          .append(" |\n");
    }
    return table.toString();
  }

  /** The keys, as text for a terminal; ends with a line break. */
  public String help() {
    StringBuilder text = new StringBuilder();
    for (ConfigKey<?> key : keys()) {
      String value = key.defaultText().isEmpty() ? "none" : key.shown(key.defaultText());
      text.append("  --")
          .append(key.name())
          .append("\n      ")
          .append(key.description())
          .append("\n      default ")
          .append(value)
          .append("; ")
          .append(key.type().allowed())
          .append("; ")
          .append(key.variable())
          .append('\n');
    }
    return text.toString();
  }

  /**
   * The keys, as a file to begin with: each explained, and commented out with its default, so that
   * what is not changed follows the defaults of later versions. Ends with a line break.
   */
  public String exampleFile() {
    StringBuilder text = new StringBuilder();
    for (ConfigKey<?> key : keys()) {
      String value = PropertiesText.escape(key.shown(key.defaultText()));
      text.append("\n# ")
          .append(key.description())
          .append("\n# Allowed: ")
          .append(key.type().allowed())
          .append(". Variable: ")
          .append(key.variable())
          .append("\n#")
          .append(key.name())
          .append('=')
          .append(value)
          .append('\n');
    }
    return text.toString();
  }

  Collection<ConfigKey<?>> keys() {
    return byName.values();
  }

  Optional<ConfigKey<?>> byName(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  Optional<ConfigKey<?>> byVariable(String variable) {
    return Optional.ofNullable(byVariable.get(variable));
  }

  Set<String> names() {
    return byName.keySet();
  }

  Set<String> variables() {
    return byVariable.keySet();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}
