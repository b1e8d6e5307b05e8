package dev.cairn.server.config;

import java.util.List;

/** The configuration cannot be used. Holds everything that is wrong with it, in the order found. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  ConfigException(List<String> problems) {
    super("the configuration was refused:\n  - " + String.join("\n  - ", problems));
    this.problems = List.copyOf(problems);
  }

  /** One sentence each, naming key, value, where it came from and what is allowed. */
  public List<String> problems() {
    return problems;
  }
}
