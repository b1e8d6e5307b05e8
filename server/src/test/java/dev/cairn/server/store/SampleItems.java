package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;

/** The items that are measured with: JSON documents of about 300 bytes, the same in every run. */
public final class SampleItems {
  private static final Instant CREATED = Instant.ofEpochSecond(1_700_000_000L, 123_456_789);
  private static final List<String> COUNTRIES = List.of("AT", "CH", "FR", "IT", "SI");
  private static final String[] WORDS = {
    "acorn", "birch", "copper", "dune", "estuary", "fennel", "gable", "heron", "iris", "juniper"
  };
  private static final int TEXT_CHARS = 150;

  private SampleItems() {}

  /** The id of an item; ids sort as their indexes do. */
  public static String id(int index) {
    return "item-" + (1_000_000_000L + index);
  }

  /** An item with {@link #id} and a document that depends on {@code index} alone. */
  public static StoredItem item(int index) {
    SplittableRandom random = new SplittableRandom(index);
    StringBuilder text = new StringBuilder();
    while (text.length() < TEXT_CHARS) {
      text.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
    }
    String json =
        """
        {"name":"place %d","country":"%s","population":%d,"location":{"lat":%d.25,"lon":%d.5},\
        "tags":["%s","%s"],"text":"%s"}"""
            .formatted(
                index,
                COUNTRIES.get(random.nextInt(COUNTRIES.size())),
                random.nextInt(1_000_000),
                random.nextInt(90),
                random.nextInt(180),
                WORDS[random.nextInt(WORDS.length)],
                WORDS[random.nextInt(WORDS.length)],
                text);
    return new StoredItem(
        id(index),
        ByteString.copyFromUtf8(json),
        "owner-" + index % 1_000,
        CREATED,
        CREATED.plusNanos(index),
        1);
  }
}
