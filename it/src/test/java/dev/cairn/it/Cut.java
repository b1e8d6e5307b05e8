package dev.cairn.it;

import dev.cairn.it.History.Shape;
import dev.cairn.it.History.Sweep;
import dev.cairn.it.History.Write;
import dev.cairn.v1.Item;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether what was seen of a site can be what its {@link History} left at one moment: all
 * that was acknowledged before, nothing that came after, each batch and each sweep whole or not at
 * all, and nothing else.
 *
 * <p>It looks for a number of sweeps that may have happened before the moment. With the last sweep
 * over a place given, each item must come from that sweep or from a write that may have come after
 * it and that no acknowledged one has certainly replaced. Two unknown moments remain, when the
 * sweep happened and when the picture was taken: where an item tells its source, it bounds them,
 * and the bounds of all items together must leave room. That is what tells a mix of old and new
 * from either.
 */
final class Cut {
  /**
   * What was seen.
   *
   * @param after the picture was taken after this time; {@link History#NEVER}: after everything
   * @param before and before this one
   * @param scope the places that it shows, if they exist
   * @param sweepsBefore how many sweeps had happened; empty: to be found out
   */
  record Picture(
      String name,
      Content content,
      long after,
      long before,
      Predicate<Place> scope,
      Optional<Integer> sweepsBefore) {

    /** The state in which everything has ended. */
    static Picture last(String name, Content content) {
      return new Picture(
          name, content, History.NEVER, History.NEVER, place -> true, Optional.empty());
    }
  }

  /** An open interval of time. */
  static final class Bounds {
    private long low;
    private long high;
    private String lowCause = "its start";
    private String highCause = "its end";

    Bounds(long low, long high) {
      this.low = low;
      this.high = high;
    }

    void after(long time, String cause) {
      if (time > low) {
        low = time;
        lowCause = cause;
      }
    }

    void before(long time, String cause) {
      if (time < high) {
        high = time;
        highCause = cause;
      }
    }

    boolean isEmpty() {
      return low >= high && !(low == History.NEVER && high == History.NEVER);
    }

    /** Whether both may be the same moment. */
    boolean meets(Bounds other) {
      return Math.max(low, other.low) < Math.min(high, other.high);
    }

    @Override
    public String toString() {
      return "after " + lowCause + ", before " + highCause;
    }
  }

  /**
   * What was found out.
   *
   * @param violations empty if the picture fits
   * @param moment when the picture was taken
   * @param sweeps when each sweep that is the last over some place happened
   */
  record Finding(List<String> violations, Bounds moment, Map<Sweep, Bounds> sweeps) {}

  private final List<Write> writes;
  private final Picture picture;
  private final Shape shape;
  private final List<String> violations = new ArrayList<>();
  private final Bounds moment;
  private final Map<Sweep, Bounds> sweepMoments = new IdentityHashMap<>();
  private final Map<Write, Set<Boolean>> batches = new IdentityHashMap<>();

  private Cut(Content baseline, List<Write> writes, List<Sweep> applied, Picture picture) {
    this.writes = writes;
    this.picture = picture;
    this.shape = new Shape(baseline);
    applied.forEach(shape::apply);
    this.moment = new Bounds(picture.after(), picture.before());
  }

  /** Compares a picture with what happened to {@code baseline}. */
  static Finding check(Content baseline, History history, Picture picture) {
    List<Write> writes = history.writes();
    List<Sweep> sweeps = history.sweeps();
    @Nullable Finding best = null;
    for (int applied = sweeps.size(); applied >= 0; applied--) {
      if (!possible(sweeps, applied, picture)) {
        continue;
      }
      Finding finding = new Cut(baseline, writes, sweeps.subList(0, applied), picture).check();
      if (finding.violations().isEmpty()) {
        return finding;
      }
      if (best == null || finding.violations().size() < best.violations().size()) {
        best = finding;
      }
    }
    if (best == null) {
      throw new IllegalStateException("no number of sweeps is possible for " + picture.name());
    }
    return best;
  }

  private static boolean possible(List<Sweep> sweeps, int applied, Picture picture) {
    if (picture.sweepsBefore().isPresent()) {
      return picture.sweepsBefore().get() == applied;
    }
    return sweeps.subList(0, applied).stream().allMatch(each -> each.start < picture.before())
        && sweeps.subList(applied, sweeps.size()).stream()
            .allMatch(each -> !each.isAcknowledged() || each.end() > picture.after());
  }

  private Finding check() {
    Map<Place, Map<String, List<Write>>> byItem = new HashMap<>();
    for (Write write : writes) {
      Map<String, List<Write>> items = byItem.computeIfAbsent(write.place, p -> new HashMap<>());
      write
          .effects()
          .keySet()
          .forEach(id -> items.computeIfAbsent(id, i -> new ArrayList<>()).add(write));
    }
    Set<Place> places = new TreeSet<>(shape.bases().keySet());
    places.addAll(picture.content().places().keySet());
    for (Place place : places) {
      if (!picture.scope().test(place)) {
        continue;
      }
      Map<String, Item> seen = picture.content().places().get(place);
      Shape.@Nullable Base base = shape.bases().get(place);
      if (seen == null || base == null) {
        violate("%s %s", place, seen == null ? "is missing" : "must not exist");
        continue;
      }
      check(place, base, seen, byItem.getOrDefault(place, Map.of()));
    }
    batches.forEach(
        (write, sides) -> {
          if (sides.size() > 1) {
            violate("%s is there in part", write);
          }
        });
    if (moment.isEmpty()) {
      violate("no moment fits: %s", moment);
    }
    sweepMoments.forEach(
        (sweep, bounds) -> {
          if (bounds.isEmpty()) {
            violate("no moment of %s fits: %s", sweep, bounds);
          }
        });
    return new Finding(violations, moment, sweepMoments);
  }

  private void check(
      Place place, Shape.Base base, Map<String, Item> seen, Map<String, List<Write>> byItem) {
    Bounds sweepMoment =
        base.sweep()
            .map(
                sweep ->
                    sweepMoments.computeIfAbsent(sweep, each -> new Bounds(each.start, each.end())))
            .orElseGet(() -> new Bounds(Long.MIN_VALUE, Long.MIN_VALUE + 1));
    Set<String> ids = new TreeSet<>(seen.keySet());
    ids.addAll(base.items().keySet());
    ids.addAll(byItem.keySet());
    for (String id : ids) {
      new OneItem(place, id, base, sweepMoment, byItem.getOrDefault(id, List.of()))
          .check(seen.get(id));
    }
  }

  private void violate(String message, Object... arguments) {
    violations.add(picture.name() + ": " + String.format(message, arguments));
  }

  /** The question for one item: where does what was seen of it come from? */
  private final class OneItem {
    private final Place place;
    private final String id;
    private final Shape.Base base;
    private final Bounds sweepMoment;
    private final List<Write> history;
    private final long sweepStart;
    private final long sweepEnd;

    OneItem(Place place, String id, Shape.Base base, Bounds sweepMoment, List<Write> history) {
      this.place = place;
      this.id = id;
      this.base = base;
      this.sweepMoment = sweepMoment;
      this.history = history;
      this.sweepStart = base.sweep().map(sweep -> sweep.start).orElse(Long.MIN_VALUE);
      this.sweepEnd = base.sweep().map(Sweep::end).orElse(Long.MIN_VALUE);
    }

    void check(@Nullable Item seen) {
      boolean fromBase = java.util.Objects.equals(seen, base.items().get(id)) && baseMayShow();
      List<Integer> sources = new ArrayList<>();
      for (int i = 0; i < history.size(); i++) {
        if (effect(history.get(i)).matches(seen) && mayShow(i)) {
          sources.add(i);
        }
      }
      if (!fromBase && sources.isEmpty()) {
        violate("%s/%s is %s: %s", place, id, Content.describe(seen), explain());
        return;
      }
      if (fromBase && sources.isEmpty()) {
        boundByBase();
      } else if (!fromBase && sources.size() == 1) {
        boundByWrite(sources.get(0));
      }
      noteBatch(fromBase, sources);
    }

    private History.Effect effect(Write write) {
      return java.util.Objects.requireNonNull(write.effects().get(id));
    }

    private boolean baseMayShow() {
      return history.stream()
          .noneMatch(
              write ->
                  write.isAcknowledged()
                      && write.start > sweepEnd
                      && write.end() < picture.after());
    }

    private boolean mayShow(int index) {
      Write write = history.get(index);
      return write.end() > sweepStart
          && write.start < picture.before()
          && history.subList(index + 1, history.size()).stream()
              .noneMatch(later -> later.isAcknowledged() && later.end() < picture.after());
    }

    /** Every acknowledged write came before the sweep or after the picture. */
    private void boundByBase() {
      for (Write write : history) {
        if (!write.isAcknowledged()) {
          continue;
        }
        if (write.end() < picture.after()) {
          sweepMoment.after(write.start, "the lost " + write.name + " of " + place + "/" + id);
        } else if (write.start > sweepEnd) {
          moment.before(write.end(), "the unseen " + write.name + " of " + place + "/" + id);
        }
      }
    }

    private void boundByWrite(int index) {
      Write write = history.get(index);
      String cause = "the seen " + write.name + " of " + place + "/" + id;
      sweepMoment.before(write.end(), cause);
      moment.after(write.start, cause);
      history.subList(index + 1, history.size()).stream()
          .filter(Write::isAcknowledged)
          .findFirst()
          .ifPresent(
              next ->
                  moment.before(next.end(), "the unseen " + next.name + " of " + place + "/" + id));
    }

    /** The items whose last write is the same batch must all tell of it, or none. */
    private void noteBatch(boolean fromBase, List<Integer> sources) {
      if (history.isEmpty()) {
        return;
      }
      int lastIndex = history.size() - 1;
      Write last = history.get(lastIndex);
      boolean shown = sources.contains(lastIndex);
      boolean hidden = fromBase || sources.size() > (shown ? 1 : 0);
      if (last.effects().size() > 1 && shown != hidden) {
        batches.computeIfAbsent(last, write -> new HashSet<>()).add(shown);
      }
    }

    private String explain() {
      StringBuilder text = new StringBuilder();
      text.append(base.sweep().map(sweep -> "after " + sweep).orElse("from the beginning"));
      text.append(" it was ").append(Content.describe(base.items().get(id)));
      for (Write write : history.subList(Math.max(0, history.size() - 4), history.size())) {
        History.Effect effect = effect(write);
        text.append(", then ").append(write).append(": ");
        text.append(
            effect.exact() != null
                ? Content.describe(effect.exact())
                : effect.data() == null ? "removed" : effect.data().toStringUtf8());
      }
      return text.toString();
    }
  }
}
