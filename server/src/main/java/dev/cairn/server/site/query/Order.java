package dev.cairn.server.site.query;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Orders items by keys, and those that are equal in all of them by id. Immutable. */
record Order(List<SortKey> keys) implements Comparator<Position> {

  /** The order of {@code keys} without those that cannot change it. */
  static Order of(List<SortKey> keys) {
    List<SortKey> needed = new ArrayList<>();
    Set<Field> seen = new HashSet<>();
    for (SortKey key : keys) {
      if (key.field() == Field.Attribute.ID && !key.descending()) {
        break;
      }
      if (seen.add(key.field())) {
        needed.add(key);
      }
      if (key.field() == Field.Attribute.ID) {
        break;
      }
    }
    return new Order(List.copyOf(needed));
  }

  /** Whether items lie in the store as they are wanted. */
  boolean isById() {
    return keys.isEmpty();
  }

  Position position(FieldReader fields, String id) {
    return new Position(
        keys.stream().map(key -> fields.value(key.field()).withoutContent()).toList(), id);
  }

  @Override
  public int compare(Position a, Position b) {
    for (int i = 0; i < keys.size(); i++) {
      int order = FieldValue.compare(a.keys().get(i), b.keys().get(i));
      if (order != 0) {
        return keys.get(i).descending() ? -order : order;
      }
    }
    return FieldValue.compareCodePoints(a.id(), b.id());
  }
}
