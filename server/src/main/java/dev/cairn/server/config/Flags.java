package dev.cairn.server.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A command line taken apart: {@code --name=value}, {@code --name value}, and switches, which have
 * no value. What is wrong with it is kept, not thrown, so that it can be reported with the rest.
 * Confined to one thread.
 */
public final class Flags {
  private static final String START = "--";

  private final Set<String> knownSwitches;
  private final Set<String> knownOptions;
  private final Map<String, String> values = new TreeMap<>();
  private final Set<String> switches = new TreeSet<>();
  private final Set<String> withoutValue = new TreeSet<>();
  private final List<String> problems = new ArrayList<>();

  private Flags(Set<String> knownSwitches, Set<String> knownOptions) {
    this.knownSwitches = knownSwitches;
    this.knownOptions = knownOptions;
  }

  /**
   * Takes a command line apart. All names are without hyphens.
   *
   * @param switches flags that have no value
   * @param options flags that have a value but are no keys of the configuration
   */
  public static Flags parse(List<String> arguments, Set<String> switches, Set<String> options) {
    Flags flags = new Flags(Set.copyOf(switches), Set.copyOf(options));
    for (int next = 0; next < arguments.size(); ) {
      next += flags.take(arguments.subList(next, arguments.size()));
    }
    return flags;
  }

  /** Whether a switch was given. */
  public boolean has(String name) {
    return switches.contains(name);
  }

  /** The value of an option, if it was given. */
  public Optional<String> option(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /** Values by name, options left out. */
  Map<String, String> keys() {
    Map<String, String> keys = new TreeMap<>(values);
    keys.keySet().removeAll(knownOptions);
    return keys;
  }

  /** Flags at whose value the command line ended, or another flag began. */
  Set<String> withoutValue() {
    return withoutValue;
  }

  /** The names of all switches and options. */
  Set<String> otherNames() {
    Set<String> names = new TreeSet<>(knownSwitches);
    names.addAll(knownOptions);
    return names;
  }

  /** One sentence each. */
  List<String> problems() {
    return problems;
  }

  /** Takes what the arguments begin with; returns how many of them that is. */
  private int take(List<String> arguments) {
    String argument = arguments.get(0);
    int equals = argument.indexOf('=');
    String flag = equals < 0 ? argument : argument.substring(0, equals);
    String name = flag.substring(Math.min(flag.length(), START.length()));
    if (!flag.startsWith(START) || name.isEmpty()) {
      problems.add("argument \"" + argument + "\" is not understood; flags start with --");
    } else if (equals >= 0) {
      put(name, argument.substring(equals + 1));
    } else if (knownSwitches.contains(name)) {
      switches.add(name);
    } else if (arguments.size() > 1 && !arguments.get(1).startsWith(START)) {
      put(name, arguments.get(1));
      return 2;
    } else {
      withoutValue.add(name);
    }
    return 1;
  }

  private void put(String name, String value) {
    if (knownSwitches.contains(name)) {
      problems.add("flag " + START + name + " has no value");
    } else if (values.putIfAbsent(name, value) != null) {
      problems.add("flag " + START + name + " is given twice");
    }
  }
}
