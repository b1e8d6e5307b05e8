package dev.cairn.it.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The items that everybody stores: JSON documents of about 300 bytes, evenly in ten collections,
 * the same on every machine and in every run.
 *
 * @param items how many, in all collections together
 */
record Dataset(int items) {
  static final List<String> COLLECTIONS =
      IntStream.range(0, 10).mapToObj(number -> "c" + number).toList();

  private static final byte[][] WORDS =
      List.of(
              "acorn", "birch", "copper", "dune", "estuary", "fennel", "gable", "heron", "iris",
              "juniper", "kiln", "larch", "marble", "nettle", "oak", "plover", "quarry", "reed",
              "slate", "thistle", "upland", "vetch", "weir", "yarrow")
          .stream()
          .map(word -> word.getBytes(ISO_8859_1))
          .toArray(byte[][]::new);

  private static final byte[] HEX = "0123456789abcdef".getBytes(ISO_8859_1);
  private static final int TEXT_BYTES = 190;

  Dataset {
    if (items < COLLECTIONS.size() || items % COLLECTIONS.size() != 0) {
      throw new IllegalArgumentException("items must be a multiple of ten: " + items);
    }
  }

  int itemsPerCollection() {
    return items / COLLECTIONS.size();
  }

  /** The id of item {@code index} of any collection; ids sort as their indexes do. */
  static String id(int index) {
    String digits = Integer.toString(index);
    return "item-" + "00000000".substring(digits.length()) + digits;
  }

  static String owner(int index) {
    return "owner-" + index % 1_000;
  }

  /**
   * The document of an item; written in a hurry, so that making it costs little beside storing it.
   */
  static byte[] document(int collection, int index) {
    return new Writer(((long) collection << 32) | index).document(index);
  }

  /** A line for each item: collection, id and document, with tabs between them. */
  void write(Path file) throws IOException {
    try (OutputStream out =
        new java.io.BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
      for (int collection = 0; collection < COLLECTIONS.size(); collection++) {
        for (int index = 0; index < itemsPerCollection(); index++) {
          out.write((COLLECTIONS.get(collection) + "\t" + id(index) + "\t").getBytes(ISO_8859_1));
          out.write(document(collection, index));
          out.write('\n');
        }
      }
    }
  }

  /** Makes one document from a seed: a linear generator of random numbers, and bytes by hand. */
  private static final class Writer {
    private final byte[] bytes = new byte[512];
    private long state;
    private int length;

    Writer(long seed) {
      state = seed * 0x9E3779B97F4A7C15L + 0x632BE59BD9B4E019L;
    }

    byte[] document(int index) {
      text("{\"name\":\"").word().text(" ").word();
      text("\",\"stock\":").number(next() & 0x3ff);
      text(",\"price\":").number(next() & 0xffff);
      text(",\"key\":\"").hex(next()).hex(next());
      text("\",\"index\":").number(index).text(",\"text\":\"");
      int end = length + TEXT_BYTES;
      while (length < end) {
        word().text(" ");
      }
      text("\"}");
      return java.util.Arrays.copyOf(bytes, length);
    }

    private long next() {
      state += 0x9E3779B97F4A7C15L;
      long mixed = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      return mixed ^ (mixed >>> 29);
    }

    private Writer word() {
      byte[] word = WORDS[(int) Long.remainderUnsigned(next(), WORDS.length)];
      System.arraycopy(word, 0, bytes, length, word.length);
      length += word.length;
      return this;
    }

    @SuppressWarnings("deprecation") // the one way to copy characters of one byte without a detour
    private Writer text(String text) {
      text.getBytes(0, text.length(), bytes, length);
      length += text.length();
      return this;
    }

    private Writer number(long number) {
      return text(Long.toString(number));
    }

    private Writer hex(long number) {
      for (int shift = 60; shift >= 0; shift -= 4) {
        bytes[length++] = HEX[(int) (number >>> shift) & 15];
      }
      return this;
    }
  }
}
