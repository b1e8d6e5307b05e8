package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.it.History.Effect;
import dev.cairn.it.History.Sweep;
import dev.cairn.it.History.Write;
import dev.cairn.v1.Item;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The judge of the crash tests, judged. */
class CutTest {
  private static final Place PLACE = Place.live("c");

  private final History history = new History();
  private Content baseline = content(Map.of("a", "old", "b", "old"));

  @Test
  void acceptsWhatWasAcknowledgedLast() {
    write("a", "1").acknowledged();
    write("a", "2").acknowledged();
    assertThat(last("a", "2", "b", "old")).isEmpty();
  }

  @Test
  void findsALostWrite() {
    write("a", "1").acknowledged();
    assertThat(last("a", "old", "b", "old")).hasSize(1);
  }

  @Test
  void findsAWriteThatWasReplacedAndCameBack() {
    write("a", "1").acknowledged();
    write("a", "2").acknowledged();
    assertThat(last("a", "1", "b", "old")).hasSize(1);
  }

  @Test
  void findsWhatNobodyWrote() {
    assertThat(last("a", "old", "b", "old", "c", "invented")).hasSize(1);
    assertThat(last("a", "invented", "b", "old")).hasSize(1);
    assertThat(last("a", "old")).hasSize(1);
  }

  @Test
  void leavesOpenWhatWasNotAnswered() {
    write("a", "1");
    assertThat(last("a", "old", "b", "old")).isEmpty();
    assertThat(last("a", "1", "b", "old")).isEmpty();
  }

  @Test
  void findsABatchThatIsThereInPart() {
    batch("1", "a", "b");
    assertThat(last("a", "1", "b", "1")).isEmpty();
    assertThat(last("a", "old", "b", "old")).isEmpty();
    assertThat(last("a", "1", "b", "old")).hasSize(1);
  }

  @Test
  void findsHalfARestoration() {
    Sweep restoration = sweep(Map.of("a", "backup", "b", "backup"));
    assertThat(last("a", "old", "b", "old")).isEmpty();
    assertThat(last("a", "backup", "b", "backup")).isEmpty();
    assertThat(last("a", "backup", "b", "old")).hasSize(1);
    restoration.acknowledged();
    assertThat(last("a", "old", "b", "old")).isNotEmpty();
    assertThat(last("a", "backup", "b", "backup")).isEmpty();
  }

  @Test
  void keepsWritesAfterARestorationAndNoneBefore() {
    write("a", "before").acknowledged();
    sweep(Map.of("a", "backup", "b", "backup")).acknowledged();
    assertThat(last("a", "before", "b", "backup")).hasSize(1);
    write("a", "after").acknowledged();
    assertThat(last("a", "after", "b", "backup")).isEmpty();
    assertThat(last("a", "backup", "b", "backup")).hasSize(1);
  }

  @Test
  void findsWritesDuringARestorationWhoseOrderIsBroken() {
    Sweep restoration = sweep(Map.of("a", "backup", "b", "backup"));
    write("a", "1").acknowledged();
    write("b", "2").acknowledged();
    restoration.acknowledged();
    assertThat(last("a", "backup", "b", "backup")).isEmpty();
    assertThat(last("a", "backup", "b", "2")).isEmpty();
    assertThat(last("a", "1", "b", "2")).isEmpty();
    // The later one lost and the earlier one kept: no moment of the switch explains that.
    assertThat(last("a", "1", "b", "backup")).hasSize(1);
  }

  @Test
  void findsABackupThatIsNotOfOneMoment() {
    long start = System.nanoTime();
    write("a", "1").acknowledged();
    write("b", "2").acknowledged();
    long end = System.nanoTime();
    assertThat(picture(start, end, "a", "old", "b", "old")).isEmpty();
    assertThat(picture(start, end, "a", "1", "b", "old")).isEmpty();
    assertThat(picture(start, end, "a", "1", "b", "2")).isEmpty();
    assertThat(picture(start, end, "a", "old", "b", "2")).hasSize(1);
  }

  @Test
  void findsABackupThatMissesWhatCameBeforeOrHasWhatCameAfter() {
    write("a", "1").acknowledged();
    long start = System.nanoTime();
    long end = System.nanoTime() + 1;
    while (System.nanoTime() <= end) {
      Thread.onSpinWait();
    }
    write("b", "2").acknowledged();
    assertThat(picture(start, end, "a", "1", "b", "old")).isEmpty();
    assertThat(picture(start, end, "a", "old", "b", "old")).hasSize(1);
    assertThat(picture(start, end, "a", "1", "b", "2")).hasSize(1);
  }

  @Test
  void findsACollectionThatCameBack() {
    history.begin(new Sweep("deletion", shape -> shape.remove("c"))).acknowledged();
    assertThat(Cut.check(baseline, history, Cut.Picture.last("now", Content.NONE)).violations())
        .isEmpty();
    assertThat(last("a", "old", "b", "old")).isNotEmpty();
  }

  private Write write(String id, String data) {
    return history.begin(
        new Write("write of " + data, PLACE, Map.of(id, Effect.of(ByteString.copyFromUtf8(data)))));
  }

  private Write batch(String data, String... ids) {
    Map<String, Effect> effects = new TreeMap<>();
    for (String id : ids) {
      effects.put(id, Effect.of(ByteString.copyFromUtf8(data)));
    }
    return history.begin(new Write("batch of " + data, PLACE, effects));
  }

  private Sweep sweep(Map<String, String> items) {
    SortedMap<String, Item> content = items(items);
    return history.begin(new Sweep("restoration", shape -> shape.restore("c", content)));
  }

  private List<String> last(String... items) {
    return Cut.check(baseline, history, Cut.Picture.last("now", content(pairs(items))))
        .violations();
  }

  private List<String> picture(long after, long before, String... items) {
    return Cut.check(
            baseline,
            history,
            new Cut.Picture(
                "backup", content(pairs(items)), after, before, PLACE::equals, Optional.empty()))
        .violations();
  }

  private static Map<String, String> pairs(String... items) {
    Map<String, String> pairs = new TreeMap<>();
    for (int i = 0; i < items.length; i += 2) {
      pairs.put(items[i], items[i + 1]);
    }
    return pairs;
  }

  private static Content content(Map<String, String> items) {
    TreeMap<Place, SortedMap<String, Item>> places = new TreeMap<>();
    places.put(PLACE, items(items));
    return new Content(places);
  }

  private static SortedMap<String, Item> items(Map<String, String> items) {
    SortedMap<String, Item> all = new TreeMap<>();
    items.forEach((id, data) -> all.put(id, Cairn.item(id, data)));
    return all;
  }
}
