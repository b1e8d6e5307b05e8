package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.item;
import static dev.cairn.server.site.query.Documents.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.store.StoredItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FirstItemsTest {
  private static final Order BY_N = Order.of(List.of(new SortKey(Field.parse("n"), false)));

  @Test
  void keepsNoMoreThanOnePageHoweverMuchIsOffered() {
    Random random = new Random(9);
    FirstItems first = new FirstItems(BY_N, 100, 50_000);
    long greatest = 0;
    for (int i = 0; i < 20_000; i++) {
      StoredItem item = item("i" + i, "{\"x\":\"" + "x".repeat(random.nextInt(2_000)) + "\"}");
      first.offer(position(random.nextInt(5_000), item.id()), item);
      greatest = Math.max(greatest, FirstItems.sizeBytes(item));
      assertThat(first.keptItems()).isLessThanOrEqualTo(100);
      assertThat(first.keptBytes()).isLessThan(50_000 + greatest);
    }
  }

  @Test
  void answersWhatASortOfEverythingWouldBeginWith() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      int maxItems = 1 + random.nextInt(20);
      int maxBytes = 1 + random.nextInt(4_000);
      FirstItems first = new FirstItems(BY_N, maxItems, maxBytes);
      TreeMap<Position, StoredItem> all = new TreeMap<>(BY_N);
      for (int i = random.nextInt(60); i > 0; i--) {
        StoredItem item = item("i" + i, "{\"x\":\"" + "x".repeat(random.nextInt(500)) + "\"}");
        Position position = position(random.nextInt(10), item.id());
        all.put(position, item);
        first.offer(position, item);
      }
      FirstItems.Page page = first.page();
      List<StoredItem> sorted = new ArrayList<>(all.values());
      int count = page.items().size();
      assertThat(page.items()).as("seed %s", seed).isEqualTo(sorted.subList(0, count));
      assertThat(page.next().isPresent()).as("seed %s", seed).isEqualTo(count < sorted.size());
      page.next().ifPresent(next -> assertThat(all.get(next)).isEqualTo(sorted.get(count - 1)));
      assertThat(count).isGreaterThanOrEqualTo(Math.min(1, sorted.size()));
      long bytes = page.items().stream().mapToLong(FirstItems::sizeBytes).sum();
      assertThat(count == 1 || bytes <= maxBytes).as("seed %s", seed).isTrue();
    }
  }

  @Test
  void leavesRoomForTheNextPosition() {
    Order byText = Order.of(List.of(new SortKey(Field.parse("x"), false)));
    FirstItems first = new FirstItems(byText, 10, 30_000);
    for (int i = 0; i < 10; i++) {
      String text = i + "x".repeat(5_000);
      first.offer(
          new Position(List.of(new FieldValue.Text(text)), "i" + i),
          item("i" + i, "{\"x\":\"" + text + "\"}"));
    }
    FirstItems.Page page = first.page();
    long bytes = page.items().stream().mapToLong(FirstItems::sizeBytes).sum();
    assertThat(bytes + page.next().orElseThrow().encode().length()).isLessThan(30_000);
    assertThat(page.items()).hasSize(4).isSortedAccordingTo(Comparator.comparing(StoredItem::id));
  }

  private static Position position(int n, String id) {
    return new Position(List.of(value("" + n)), id);
  }
}
