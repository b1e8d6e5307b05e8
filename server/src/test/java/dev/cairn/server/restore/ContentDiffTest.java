package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ContentDiffTest {
  private static final Instant TIME = Instant.parse("2026-01-01T00:00:00Z");
  private static final Comparator<String> BY_UTF8 =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  private static final List<String> PIECES =
      List.of("a", "b", "\u00e9", "\uffee", "\ud83d\ude00", "\ud800\udc00", "z");

  @RepeatedTest(50)
  void countsWhatABruteForceComparisonCounts(RepetitionInfo repetition) {
    long seed = 4_711L + repetition.getCurrentRepetition();
    RandomGenerator random = new SplittableRandom(seed);
    Map<String, StoredItem> live = new TreeMap<>(BY_UTF8);
    Map<String, StoredItem> backup = new TreeMap<>(BY_UTF8);
    for (int i = 0; i < 200; i++) {
      String id = id(random);
      if (random.nextInt(3) > 0) {
        live.put(id, item(id, random.nextInt(2)));
      }
      if (random.nextInt(3) > 0) {
        backup.put(id, item(id, random.nextInt(2)));
      }
    }
    List<String> added = backup.keySet().stream().filter(id -> !live.containsKey(id)).toList();
    List<String> removed = live.keySet().stream().filter(id -> !backup.containsKey(id)).toList();
    List<String> changed =
        live.keySet().stream()
            .filter(backup::containsKey)
            .filter(id -> !Objects.equals(live.get(id), backup.get(id)))
            .toList();

    ContentDiff diff =
        ContentDiff.between(cursor(live.values()), cursor(backup.values()), 7, () -> false);

    assertThat(diff)
        .as("seed %d", seed)
        .isEqualTo(
            new ContentDiff(
                live.size(),
                backup.size(),
                added.size(),
                changed.size(),
                removed.size(),
                added.stream().limit(7).toList(),
                changed.stream().limit(7).toList(),
                removed.stream().limit(7).toList()));
  }

  @Test
  void ordersIdsAsTheirBytesDo() {
    for (String a : PIECES) {
      for (String b : PIECES) {
        assertThat(Integer.signum(ContentDiff.compareUtf8(a + "x", b)))
            .as("%s and %s", a, b)
            .isEqualTo(Integer.signum(BY_UTF8.compare(a + "x", b)));
      }
    }
  }

  @Test
  void givesUpWhenTheCallerDoes() {
    assertThatThrownBy(
            () ->
                ContentDiff.between(
                    cursor(List.of(item("a", 1))), cursor(List.of()), 1, () -> true))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CANCELLED));
  }

  @Test
  void asksWhetherToGiveUpWhateverTheItemsAre() {
    List<StoredItem> live = IntStream.range(0, 5_000).mapToObj(ContentDiffTest::numbered).toList();
    AtomicInteger asked = new AtomicInteger();

    ContentDiff.between(
        cursor(live),
        cursor(live.subList(1, live.size())),
        1,
        () -> asked.incrementAndGet() > 1_000);

    assertThat(asked).hasValueGreaterThanOrEqualTo(5);
  }

  private static StoredItem numbered(int number) {
    return item("%05d".formatted(number), 0);
  }

  private static String id(RandomGenerator random) {
    StringBuilder id = new StringBuilder();
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      id.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    return id.toString();
  }

  private static StoredItem item(String id, int variant) {
    return new StoredItem(
        id, ByteString.copyFromUtf8("{\"v\":" + variant + "}"), "", TIME, TIME, 1);
  }

  private static ItemCursor cursor(Collection<StoredItem> items) {
    Iterator<StoredItem> iterator = items.iterator();
    return new ItemCursor() {
      private StoredItem current = ContentDiffTest.item("none", 0);

      @Override
      public boolean next() {
        boolean more = iterator.hasNext();
        current = more ? iterator.next() : current;
        return more;
      }

      @Override
      public StoredItem item() {
        return current;
      }

      @Override
      public CollectionStats stats() {
        return new CollectionStats(items.size(), 0);
      }

      @Override
      public void close() {}
    };
  }
}
