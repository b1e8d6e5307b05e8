package dev.cairn.server.site.query;

/** By what to order, and whether the greatest comes first. Immutable. */
public record SortKey(Field field, boolean descending) {
  public static final int MAX_KEYS = 10;
}
