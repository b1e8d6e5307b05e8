package dev.cairn.server.grpc;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.cairn.server.site.query.Comparison;
import dev.cairn.server.site.query.Condition;
import dev.cairn.server.site.query.Condition.Side;
import dev.cairn.server.site.query.Decimal;
import dev.cairn.server.site.query.Field;
import dev.cairn.server.site.query.FieldValue;
import dev.cairn.server.site.query.Filter;
import dev.cairn.server.site.query.SortKey;
import dev.cairn.v1.FilterList;
import dev.cairn.v1.SortOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Understands filters and orders of a request, and remembers in its check what cannot be
 * understood. What it answers is of use only if the check passes. Confined to one call.
 */
final class FilterCheck {
  private final Check check;
  private int comparisons;

  FilterCheck(Check check) {
    this.check = check;
  }

  /** A whole filter; one that says nothing matches everything. */
  Filter filter(String path, dev.cairn.v1.Filter filter) {
    comparisons = 0;
    return filter.getKindCase() == dev.cairn.v1.Filter.KindCase.KIND_NOT_SET
        ? Filter.ALL
        : node(path, filter, 1);
  }

  private Filter node(String path, dev.cairn.v1.Filter filter, int level) {
    if (level > Filter.MAX_LEVELS) {
      check.that(false, path, "is deeper than " + Filter.MAX_LEVELS + " levels");
      return Filter.ALL;
    }
    return switch (filter.getKindCase()) {
      case COMPARISON -> comparison(path + ".comparison", filter.getComparison());
      case ALL_OF -> new Filter.AllOf(list(path + ".all_of", filter.getAllOf(), level));
      case ANY_OF -> new Filter.AnyOf(list(path + ".any_of", filter.getAnyOf(), level));
      case NONE_OF -> new Filter.NoneOf(list(path + ".none_of", filter.getNoneOf(), level));
      case KIND_NOT_SET -> {
        check.that(false, path, "must say what the condition is");
        yield Filter.ALL;
      }
    };
  }

  private List<Filter> list(String path, FilterList list, int level) {
    String filters = path + ".filters";
    check.atMost(filters, list.getFiltersCount(), Filter.MAX_LIST, "filters");
    List<Filter> nodes = new ArrayList<>();
    for (int i = 0; i < list.getFiltersCount() && !check.full(); i++) {
      nodes.add(node(Check.at(filters, i), list.getFilters(i), level + 1));
    }
    return nodes;
  }

  private Filter comparison(String path, dev.cairn.v1.Comparison comparison) {
    comparisons++;
    check.that(
        comparisons <= Filter.MAX_COMPARISONS,
        path,
        "is one of more than " + Filter.MAX_COMPARISONS + " comparisons");
    Optional<Field> field = field(path + ".field", comparison.getField());
    if (comparison.getConditionCase() == dev.cairn.v1.Comparison.ConditionCase.CONDITION_NOT_SET) {
      check.that(false, path, "must have a condition");
      return Filter.ALL;
    }
    String at = path + "." + name(comparison);
    Optional<Condition> condition = attempt(at, () -> condition(comparison));
    if (field.isEmpty() || condition.isEmpty()) {
      return Filter.ALL;
    }
    Field known = field.get();
    Condition right = condition.get();
    return attempt(at, () -> (Filter) new Comparison(known, right)).orElse(Filter.ALL);
  }

  /** The condition's name in the contract. */
  private static String name(dev.cairn.v1.Comparison comparison) {
    return dev.cairn.v1.Comparison.getDescriptor()
        .findFieldByNumber(comparison.getConditionCase().getNumber())
        .getName();
  }

  private static Condition condition(dev.cairn.v1.Comparison comparison) {
    return switch (comparison.getConditionCase()) {
      case EQ -> new Condition.Equal(value(comparison.getEq()));
      case NE -> new Condition.NotEqual(value(comparison.getNe()));
      case LT -> new Condition.Ordered(Side.LESS, value(comparison.getLt()));
      case LE -> new Condition.Ordered(Side.LESS_OR_EQUAL, value(comparison.getLe()));
      case GT -> new Condition.Ordered(Side.GREATER, value(comparison.getGt()));
      case GE -> new Condition.Ordered(Side.GREATER_OR_EQUAL, value(comparison.getGe()));
      case IS_IN -> new Condition.In(new HashSet<>(given(comparison.getIsIn())));
      case HAS_SOME -> new Condition.HasSome(new HashSet<>(given(comparison.getHasSome())));
      case HAS_ALL -> new Condition.HasAll(new HashSet<>(given(comparison.getHasAll())));
      case STARTS_WITH -> new Condition.StartsWith(comparison.getStartsWith());
      case CONTAINS -> new Condition.Contains(comparison.getContains());
      case EXISTS -> new Condition.Exists(comparison.getExists());
      case CONDITION_NOT_SET -> throw new IllegalArgumentException("must be set");
    };
  }

  private static List<FieldValue> given(ListValue list) {
    int count = list.getValuesCount();
    if (count < 1 || count > Condition.MAX_VALUES) {
      throw new IllegalArgumentException(
          "has " + count + " values; 1 to " + Condition.MAX_VALUES + " are allowed");
    }
    return values(list);
  }

  private static List<FieldValue> values(ListValue list) {
    return list.getValuesList().stream().map(FilterCheck::value).toList();
  }

  private static FieldValue value(Value value) {
    return switch (value.getKindCase()) {
      case NULL_VALUE -> FieldValue.NULL;
      case BOOL_VALUE -> value.getBoolValue() ? FieldValue.TRUE : FieldValue.FALSE;
      case NUMBER_VALUE -> new FieldValue.Num(Decimal.of(value.getNumberValue()));
      case STRING_VALUE -> new FieldValue.Text(value.getStringValue());
      case LIST_VALUE -> new FieldValue.Arr(values(value.getListValue()));
      case STRUCT_VALUE -> object(value.getStructValue());
      case KIND_NOT_SET -> throw new IllegalArgumentException("has a value that says nothing");
    };
  }

  private static FieldValue object(Struct struct) {
    Map<String, FieldValue> members = new HashMap<>();
    struct.getFieldsMap().forEach((key, value) -> members.put(key, value(value)));
    return new FieldValue.Obj(members);
  }

  List<SortKey> sort(String path, List<dev.cairn.v1.SortKey> keys) {
    check.atMost(path, keys.size(), SortKey.MAX_KEYS, "keys");
    List<SortKey> order = new ArrayList<>();
    for (int i = 0; i < keys.size() && !check.full(); i++) {
      boolean descending = keys.get(i).getOrder() == SortOrder.SORT_ORDER_DESCENDING;
      check.known(Check.at(path, i) + ".order", keys.get(i).getOrder());
      field(Check.at(path, i) + ".field", keys.get(i).getField())
          .ifPresent(field -> order.add(new SortKey(field, descending)));
    }
    return order;
  }

  private Optional<Field> field(String path, String field) {
    return attempt(path, () -> Field.parse(field));
  }

  /** The domain says itself what it does not accept. */
  private <T> Optional<T> attempt(String path, Supplier<T> part) {
    try {
      return Optional.of(part.get());
    } catch (IllegalArgumentException e) {
      check.that(false, path, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }
}
