package dev.cairn.server.config;

import dev.cairn.server.config.ConfigValues.Setting;
import dev.cairn.server.config.PropertiesText.BadLineException;
import dev.cairn.server.config.PropertiesText.Line;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Takes values from one source after the other; a later one replaces what an earlier one said.
 * Nothing fails before {@link #finish}, which reports everything that is wrong: also values that a
 * later source replaces, since they are wrong nevertheless. Confined to one thread.
 */
public final class ConfigLoader {
  /**
   * Set by Kubernetes and Docker for a service called "cairn", and by users for the command line
   * client.
   */
  private static final Pattern OTHER_VARIABLES =
      Pattern.compile(
          "CAIRN_(SERVER|TOKEN|TOKEN_FILE|TLS|TLS_CA|TLS_CERT|TLS_KEY|TIMEOUT|CLI_.*|SERVICE_(HOST|PORT.*)|PORT|PORT_[0-9].*)");

  private final ConfigTable table;
  private final Map<ConfigKey<?>, Setting> settings = new HashMap<>();
  private final Set<ConfigKey<?>> refused = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  public ConfigLoader(ConfigTable table) {
    this.table = table;
  }

  /** Takes the values of a properties file in UTF-8. */
  public ConfigLoader file(String file) {
    try {
      Map<String, Integer> seen = new HashMap<>();
      for (Line line : PropertiesText.parse(Files.readString(Path.of(file)))) {
        String source = "file " + file + ", line " + line.number();
        Integer before = seen.put(line.name(), line.number());
        if (before == null) {
          assign(line.name(), line.value(), source, table.names());
        } else {
          problem(line.name() + " (" + source + ") was already set in line " + before);
        }
      }
    } catch (BadLineException e) {
      problem("file " + file + ", " + e.getMessage());
    } catch (InvalidPathException | NoSuchFileException e) {
      problem("file " + file + " does not exist");
    } catch (CharacterCodingException e) {
      problem("file " + file + " is not UTF-8");
    } catch (IOException e) {
      problem("file " + file + " cannot be read: " + e.getMessage());
    }
    return this;
  }

  /**
   * Takes the variables that start with {@code CAIRN_}. An empty one counts as not set. Those that
   * Kubernetes and Docker set for a service called "cairn" and the client's {@code CAIRN_CLI_...}
   * are left alone; any other unknown one is a problem.
   */
  public ConfigLoader environment(Map<String, String> variables) {
    for (Map.Entry<String, String> variable : new TreeMap<>(variables).entrySet()) {
      String name = variable.getKey();
      Optional<ConfigKey<?>> key = table.byVariable(name);
      if (key.isPresent()) {
        if (!variable.getValue().isEmpty()) {
          assign(key.get(), variable.getValue(), "variable " + name);
        }
      } else if (name.startsWith(ConfigKey.VARIABLE_PREFIX)
          && !OTHER_VARIABLES.matcher(name).matches()) {
        problem(unknown("variable " + name, Nearest.to(name, table.variables())));
      }
    }
    return this;
  }

  /** Takes flags. */
  public ConfigLoader flags(Flags flags) {
    problems.addAll(flags.problems());
    Set<String> known = new LinkedHashSet<>(table.names());
    known.addAll(flags.otherNames());
    flags.keys().forEach((name, value) -> assign(name, value, "flag --" + name, known));
    for (String name : flags.withoutValue()) {
      if (!known.contains(name)) {
        problem(unknown("flag --" + name, "--" + Nearest.to(name, known)));
      } else {
        String allowed = table.byName(name).map(key -> ": " + key.type().allowed()).orElse("");
        problem("flag --" + name + " needs a value" + allowed);
      }
    }
    return this;
  }

  /** Takes values by key, for tests and programs that embed the server. */
  public ConfigLoader values(Map<String, String> values) {
    new TreeMap<>(values).forEach((name, value) -> assign(name, value, "given", table.names()));
    return this;
  }

  /** Makes it a problem if one value is not below another, unless one of them was refused. */
  public <T extends Comparable<T>> ConfigLoader requireLess(
      ConfigKey<T> smaller, ConfigKey<T> larger) {
    if (refused.contains(smaller) || refused.contains(larger)) {
      return this;
    }
    T small = smaller.type().parse(setting(smaller).text());
    T large = larger.type().parse(setting(larger).text());
    if (small.compareTo(large) >= 0) {
      problem(described(smaller) + " must be less than " + described(larger));
    }
    return this;
  }

  /** Makes it a problem if a value is given that means nothing without another. */
  public ConfigLoader requireWith(
      ConfigKey<? extends Optional<?>> given, ConfigKey<? extends Optional<?>> needed) {
    boolean lacks =
        !refused.contains(given)
            && !refused.contains(needed)
            && given.type().parse(setting(given).text()).isPresent()
            && needed.type().parse(setting(needed).text()).isEmpty();
    if (lacks) {
      problem(described(given) + " needs " + needed.name() + ", too");
    }
    return this;
  }

  /**
   * The values.
   *
   * @throws ConfigException if anything was wrong
   */
  public ConfigValues finish() {
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return new ConfigValues(table, settings);
  }

  private void assign(String name, String value, String source, Set<String> known) {
    Optional<ConfigKey<?>> key = table.byName(name);
    if (key.isPresent()) {
      assign(key.get(), value, source);
    } else {
      problem(unknown(name + " (" + source + ")", Nearest.to(name, known)));
    }
  }

  private void assign(ConfigKey<?> key, String value, String source) {
    try {
      key.type().parse(value);
      settings.put(key, new Setting(value, source));
    } catch (IllegalArgumentException e) {
      refused.add(key);
      problem(described(key, new Setting(value, source)) + " must be " + key.type().allowed());
    }
  }

  private Setting setting(ConfigKey<?> key) {
    return settings.getOrDefault(key, Setting.ofDefault(key));
  }

  private String described(ConfigKey<?> key) {
    return described(key, setting(key));
  }

  private static String described(ConfigKey<?> key, Setting setting) {
    return key.name() + ": \"" + key.shown(setting.text()) + "\" (" + setting.source() + ")";
  }

  private static String unknown(String what, String nearest) {
    return what + " is not known; did you mean " + nearest + "?";
  }

  private void problem(String problem) {
    problems.add(problem);
  }
}
