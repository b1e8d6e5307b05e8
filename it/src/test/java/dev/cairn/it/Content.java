package dev.cairn.it;

import dev.cairn.v1.Collection;
import dev.cairn.v1.Item;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The items of a site, or of a backup, at one moment. A place that is not in it does not exist; an
 * empty one has an empty map. Immutable.
 */
record Content(SortedMap<Place, SortedMap<String, Item>> places) {
  static final Content NONE = new Content(new TreeMap<>());

  Content {
    places = Collections.unmodifiableSortedMap(new TreeMap<>(places));
  }

  /** Everything that the site holds now, in both environments. Exact only while nobody writes. */
  static Content of(Cairn cairn, String siteId) {
    SortedMap<Place, SortedMap<String, Item>> places = new TreeMap<>();
    for (Collection collection : cairn.listCollections(siteId)) {
      for (Place place :
          new Place[] {Place.live(collection.getId()), Place.sandbox(collection.getId())}) {
        places.put(place, cairn.export(siteId, place.collectionId(), place.environment()));
      }
    }
    return new Content(places);
  }

  /** What of it a backup of all collections would hold. */
  Content live() {
    return only(Place::isLive);
  }

  /** What of it a backup of these collections would hold. */
  Content live(Set<String> collectionIds) {
    return only(place -> place.isLive() && collectionIds.contains(place.collectionId()));
  }

  private Content only(Predicate<Place> wanted) {
    return new Content(
        places.entrySet().stream()
            .filter(entry -> wanted.test(entry.getKey()))
            .collect(
                Collectors.toMap(
                    java.util.Map.Entry::getKey,
                    java.util.Map.Entry::getValue,
                    (a, b) -> a,
                    TreeMap::new)));
  }

  /** With empty SANDBOX content of these collections. */
  Content withSandbox(List<String> collectionIds) {
    TreeMap<Place, SortedMap<String, Item>> all = new TreeMap<>(places);
    collectionIds.forEach(id -> all.put(Place.sandbox(id), new TreeMap<>()));
    return new Content(all);
  }

  /** In words what is different, at most a few places and items of it; empty if nothing is. */
  String difference(Content other) {
    StringBuilder text = new StringBuilder();
    TreeMap<Place, SortedMap<String, Item>> all = new TreeMap<>(places);
    all.putAll(other.places);
    for (Place place : all.keySet()) {
      SortedMap<String, Item> mine = places.get(place);
      SortedMap<String, Item> theirs = other.places.get(place);
      if (mine == null || theirs == null) {
        text.append(place).append(mine == null ? " only in the other; " : " only in this; ");
      } else if (!mine.equals(theirs)) {
        text.append(place).append(": ").append(difference(mine, theirs)).append("; ");
      }
    }
    return text.toString();
  }

  static String difference(SortedMap<String, Item> mine, SortedMap<String, Item> theirs) {
    TreeMap<String, Item> all = new TreeMap<>(mine);
    all.putAll(theirs);
    StringBuilder text = new StringBuilder();
    int count = 0;
    for (String id : all.keySet()) {
      Item a = mine.get(id);
      Item b = theirs.get(id);
      if (java.util.Objects.equals(a, b)) {
        continue;
      }
      if (++count <= 3) {
        text.append(id)
            .append(" is ")
            .append(describe(a))
            .append(" and ")
            .append(describe(b))
            .append(", ");
      }
    }
    return text + "in all " + count + " of " + all.size() + " items differ";
  }

  static String describe(@org.jspecify.annotations.Nullable Item item) {
    if (item == null) {
      return "absent";
    }
    String data = item.getData().toStringUtf8();
    return "r" + item.getRevision() + " " + data.substring(0, Math.min(60, data.length()));
  }
}
