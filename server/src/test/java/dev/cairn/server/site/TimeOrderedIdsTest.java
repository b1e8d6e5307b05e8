package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class TimeOrderedIdsTest {
  private final ManualClock clock = ManualClock.start();
  private final TimeOrderedIds ids = new TimeOrderedIds(clock, new Random(1));

  @Test
  void idsOfOneMillisecondAscendAndDiffer() {
    List<String> made = make(ids, 10_000);

    assertThat(made).isSorted().doesNotHaveDuplicates();
    assertThat(made).allMatch(id -> id.matches("[0-9a-hjkmnp-tv-z]{26}"));
  }

  @Test
  void countingUpCarriesIntoTheNextDigits() {
    // All 64 low bits are set at first, so that the next id carries.
    TimeOrderedIds full = new TimeOrderedIds(clock, fixed(-1));

    List<String> made = make(full, 3);

    assertThat(made).isSorted().doesNotHaveDuplicates();
    assertThat(made.get(0)).endsWith("zzzzzzzzzzzz");
    assertThat(made.get(1)).endsWith("000000000000");
  }

  @Test
  void laterIdsSortAfterEarlierOnes() {
    List<String> made = new ArrayList<>();
    Random random = new Random(7);
    for (int i = 0; i < 1_000; i++) {
      made.add(ids.next());
      clock.advance(Duration.ofMillis(random.nextInt(3)));
    }

    assertThat(made).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void idsAscendWhenTheClockIsSetBack() {
    String before = ids.next();
    clock.advance(Duration.ofHours(-1));

    assertThat(make(ids, 3)).allMatch(id -> id.compareTo(before) > 0).isSorted();
  }

  @Test
  void idsOfAnEarlierRunComeFirstEvenIfTheClockWasSetBackBetween() {
    String before = ids.next();
    clock.advance(Duration.ofHours(-1));
    TimeOrderedIds nextRun = new TimeOrderedIds(clock, new Random(2));

    nextRun.startAfter(before);

    assertThat(make(nextRun, 3)).allMatch(id -> id.compareTo(before) > 0).isSorted();
  }

  @Test
  void earlierRunsDoNotHoldTheClockBackAndOtherTextsAreIgnored() {
    TimeOrderedIds other = new TimeOrderedIds(clock, fixed(5));
    String expected = new TimeOrderedIds(clock, fixed(5)).next();

    other.startAfter("");
    other.startAfter("not-one-of-ours");
    other.startAfter("UUUUUUUUUUUUUUUUUUUUUUUUUU");
    other.startAfter(new TimeOrderedIds(() -> Instant.EPOCH, new Random(3)).next());

    assertThat(other.next()).isEqualTo(expected);
  }

  @Test
  void twoServersHardlyEverMakeTheSameId() {
    Set<String> all = new TreeSet<>(make(ids, 1_000));
    all.addAll(make(new TimeOrderedIds(clock, new Random(2)), 1_000));

    assertThat(all).hasSize(2_000);
  }

  @Test
  void threadsShareOneSequence() {
    List<String> all = java.util.Collections.synchronizedList(new ArrayList<>());

    Threads.joinAll(
        Threads.start(
            4,
            number -> {
              List<String> own = make(ids, 2_000);
              assertThat(own).isSorted();
              all.addAll(own);
            }));

    assertThat(all).doesNotHaveDuplicates().hasSize(8_000);
  }

  private static List<String> make(TimeOrderedIds ids, int count) {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      made.add(ids.next());
    }
    return made;
  }

  private static RandomGenerator fixed(long value) {
    return () -> value;
  }
}
