package dev.cairn.server.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** A valid value for every key of a table, and where it came from. Immutable. */
public final class ConfigValues {
  private final ConfigTable table;
  private final Map<ConfigKey<?>, Setting> settings;

  ConfigValues(ConfigTable table, Map<ConfigKey<?>, Setting> settings) {
    this.table = table;
    this.settings = new LinkedHashMap<>(settings);
  }

  /** The value of a key. */
  public <T> T get(ConfigKey<T> key) {
    return key.type().parse(setting(key).text());
  }

  /**
   * All values as a properties file, what is not the default with its source. Reading it gives the
   * same values, but for secrets, which are not shown.
   */
  public String print() {
    StringBuilder text = new StringBuilder();
    for (ConfigKey<?> key : table.keys()) {
      Setting setting = setting(key);
      if (!setting.source().equals(Setting.DEFAULT)) {
        text.append("# ").append(setting.source()).append('\n');
      }
      String value = key.shownValue(setting.text());
      text.append(key.name()).append('=').append(PropertiesText.escape(value)).append('\n');
    }
    return text.toString();
  }

  private Setting setting(ConfigKey<?> key) {
    return settings.getOrDefault(key, Setting.ofDefault(key));
  }

  /**
   * A value as it was written.
   *
   * @param source where, for people
   */
  record Setting(String text, String source) {
    static final String DEFAULT = "default";

    static Setting ofDefault(ConfigKey<?> key) {
      return new Setting(key.defaultText(), DEFAULT);
    }
  }
}
