package dev.cairn.it;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What clients did to a site since its content was last known exactly: every write of items, and
 * every sweep, which is a change of whole collections. Times are those of the one clock of the test
 * (nanoTime): a change happened at some moment between its start and its end.
 *
 * <p>Two rules keep it decidable: one thread alone writes an item, one change after the other; and
 * sweeps of a site follow one another. Thread-safe while it is written; read when all is over.
 */
final class History {
  /** An end that never came: the change may have happened until the server died, or not at all. */
  static final long NEVER = Long.MAX_VALUE;

  private final List<Write> writes = new ArrayList<>();
  private final List<Sweep> sweeps = new ArrayList<>();

  synchronized Write begin(Write write) {
    writes.add(write);
    return write;
  }

  synchronized Sweep begin(Sweep sweep) {
    sweeps.add(sweep);
    return sweep;
  }

  /** A change that certainly did not happen. */
  synchronized void forget(Write write) {
    writes.remove(write);
  }

  synchronized void forget(Sweep sweep) {
    sweeps.remove(sweep);
  }

  synchronized List<Write> writes() {
    return List.copyOf(writes);
  }

  synchronized List<Sweep> sweeps() {
    return List.copyOf(sweeps);
  }

  synchronized int size() {
    return writes.size() + sweeps.size();
  }

  /**
   * What a write makes of one item.
   *
   * @param exact the item as the server answered it; null while it is not known, or when the item
   *     is removed
   * @param data null when the item is removed
   */
  record Effect(@Nullable Item exact, @Nullable ByteString data) {
    static final Effect REMOVED = new Effect(null, null);

    static Effect of(ByteString data) {
      return new Effect(null, data);
    }

    static Effect of(Item exact) {
      return new Effect(exact, exact.getData());
    }

    boolean matches(@Nullable Item item) {
      if (data == null || item == null) {
        return data == null && item == null;
      }
      return exact == null ? data.equals(item.getData()) : exact.equals(item);
    }
  }

  /** One atomic write of one or more items. Written by its one client. */
  static final class Write {
    final String name;
    final Place place;
    final long start = System.nanoTime();
    private long end = NEVER;
    private Map<String, Effect> effects;

    /**
     * @param name of the client and its count, for messages
     */
    Write(String name, Place place, Map<String, Effect> effects) {
      this.name = name;
      this.place = place;
      this.effects = new TreeMap<>(effects);
    }

    /** It was answered. */
    void acknowledged() {
      end = System.nanoTime();
    }

    /** It was answered, and this is what it made. */
    void acknowledged(Map<String, Effect> exact) {
      effects = new TreeMap<>(exact);
      acknowledged();
    }

    boolean isAcknowledged() {
      return end != NEVER;
    }

    long end() {
      return end;
    }

    Map<String, Effect> effects() {
      return effects;
    }

    @Override
    public String toString() {
      return name + (isAcknowledged() ? " (acknowledged)" : " (unanswered)");
    }
  }

  /** A change of whole collections. Written by the site's one conductor. */
  static final class Sweep {
    final String name;
    final long start = System.nanoTime();
    private final Change change;
    private long end = NEVER;

    Sweep(String name, Change change) {
      this.name = name;
      this.change = change;
    }

    void acknowledged() {
      end = System.nanoTime();
    }

    boolean isAcknowledged() {
      return end != NEVER;
    }

    long end() {
      return end;
    }

    Change change() {
      return change;
    }

    @Override
    public String toString() {
      return name + (isAcknowledged() ? " (acknowledged)" : " (unanswered)");
    }
  }

  /** What a sweep makes of the collections of a site. */
  interface Change {
    /** Changes {@code shape} to what is there right after it. */
    void apply(Shape shape);
  }

  /** Which places there are, and what was in each when the last sweep had been over it. */
  static final class Shape {
    /**
     * @param sweep the last that touched the place; empty: none did since the beginning
     */
    record Base(Optional<Sweep> sweep, Map<String, Item> items) {}

    private final TreeMap<Place, Base> bases = new TreeMap<>();
    private Optional<Sweep> current = Optional.empty();

    Shape(Content content) {
      content.places().forEach((place, items) -> bases.put(place, new Base(current, items)));
    }

    void apply(Sweep sweep) {
      current = Optional.of(sweep);
      sweep.change().apply(this);
    }

    Map<Place, Base> bases() {
      return bases;
    }

    void put(Place place, Map<String, Item> items) {
      bases.put(place, new Base(current, items));
    }

    /** Puts items into a collection, which comes into being if it does not exist. */
    void restore(String collectionId, Map<String, Item> items) {
      if (!bases.containsKey(Place.live(collectionId))) {
        put(Place.sandbox(collectionId), Map.of());
      }
      put(Place.live(collectionId), items);
    }

    void create(String collectionId) {
      put(Place.live(collectionId), Map.of());
      put(Place.sandbox(collectionId), Map.of());
    }

    void remove(String collectionId) {
      bases.remove(Place.live(collectionId));
      bases.remove(Place.sandbox(collectionId));
    }
  }
}
