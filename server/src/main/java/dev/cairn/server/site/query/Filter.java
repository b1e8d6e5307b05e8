package dev.cairn.server.site.query;

import java.util.List;
import java.util.function.Consumer;

/** A condition on one item. Immutable. */
public sealed interface Filter permits Comparison, Filter.AllOf, Filter.AnyOf, Filter.NoneOf {
  int MAX_LEVELS = 10;
  int MAX_COMPARISONS = 100;
  int MAX_LIST = 100;

  /** Every item matches. */
  Filter ALL = new AllOf(List.of());

  boolean matches(FieldReader fields);

  /** Visits the comparisons in it. */
  void forEach(Consumer<Comparison> visitor);

  /** Both must match. */
  default Filter and(Filter other) {
    if (equals(ALL)) {
      return other;
    }
    return other.equals(ALL) ? this : new AllOf(List.of(this, other));
  }

  record AllOf(List<Filter> filters) implements Filter {
    public AllOf {
      filters = List.copyOf(filters);
    }

    @Override
    public boolean matches(FieldReader fields) {
      return filters.stream().allMatch(filter -> filter.matches(fields));
    }

    @Override
    public void forEach(Consumer<Comparison> visitor) {
      filters.forEach(filter -> filter.forEach(visitor));
    }
  }

  record AnyOf(List<Filter> filters) implements Filter {
    public AnyOf {
      filters = List.copyOf(filters);
    }

    @Override
    public boolean matches(FieldReader fields) {
      return filters.stream().anyMatch(filter -> filter.matches(fields));
    }

    @Override
    public void forEach(Consumer<Comparison> visitor) {
      filters.forEach(filter -> filter.forEach(visitor));
    }
  }

  record NoneOf(List<Filter> filters) implements Filter {
    public NoneOf {
      filters = List.copyOf(filters);
    }

    @Override
    public boolean matches(FieldReader fields) {
      return filters.stream().noneMatch(filter -> filter.matches(fields));
    }

    @Override
    public void forEach(Consumer<Comparison> visitor) {
      filters.forEach(filter -> filter.forEach(visitor));
    }
  }
}
