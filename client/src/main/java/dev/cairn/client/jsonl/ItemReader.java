package dev.cairn.client.jsonl;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Item;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads items from JSON Lines. The document of an item is its line without the white space around
 * it, byte for byte. Blank lines are passed over; a byte order mark at the beginning is, too.
 *
 * <p>{@link #hasNext} and {@link #next} throw {@link BadLineException} for a line that is no item;
 * calling again goes on with the line after it. Confined to one thread.
 */
public final class ItemReader implements Iterator<Item>, Closeable {
  /** A longer line fits into no message, whatever limit the server has for items. */
  static final int MAX_LINE_BYTES = (4 << 20) - (64 << 10);

  private static final int CHUNK = 64 << 10;
  private static final ByteString BYTE_ORDER_MARK = ByteString.copyFromUtf8("\uFEFF");

  /**
   * How lines become items.
   *
   * @param idField the top-level member that has the id: a string, or a number as it is written;
   *     missing or null: the server makes an id
   * @param requireId whether a line without an id is bad
   * @param withMetadata whether each line is {@code {"id", "owner", "data", …}}, as {@link
   *     ItemWriter} writes it, instead of the document; idField then has no meaning
   */
  public record Format(String idField, boolean requireId, boolean withMetadata) {
    /** The line is the document, {@code _id} has the id. */
    public static final Format DOCUMENTS = new Format("_id", false, false);
  }

  private final InputStream in;
  private final Format format;
  private final byte[] chunk = new byte[CHUNK];
  private int position;
  private int limit;
  private long lineNumber;
  private long itemLineNumber;
  private @Nullable Item next;
  private boolean ended;

  /** The stream belongs to the reader from now on. */
  public ItemReader(InputStream in, Format format) {
    this.in = in;
    this.format = format;
  }

  /** Number of the line that the last item returned by {@link #next} came from, from 1. */
  public long lineNumber() {
    return itemLineNumber;
  }

  @Override
  public boolean hasNext() {
    while (next == null && !ended) {
      ByteString line = readLine();
      if (line == null) {
        ended = true;
      } else if (!line.isEmpty()) {
        next = item(line);
      }
    }
    return next != null;
  }

  @Override
  public Item next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    Item item = next;
    next = null;
    itemLineNumber = lineNumber;
    return item;
  }

  private Item item(ByteString line) {
    return item(line, format, lineNumber);
  }

  /**
   * The item of a document that stands alone and may have many lines.
   *
   * @throws BadLineException if it is none
   */
  public static Item item(ByteString document, Format format) {
    return item(trimmed(document, true), format, 1);
  }

  private static Item item(ByteString line, Format format, long lineNumber) {
    try {
      JsonObject object = JsonObject.parse(line);
      String idField = format.withMetadata() ? "id" : format.idField();
      Item.Builder item = Item.newBuilder().setId(id(object, idField, format.requireId()));
      if (format.withMetadata()) {
        item.setData(object.object("data")).setOwner(object.text("owner").orElse(""));
      } else {
        item.setData(object.bytes());
      }
      return item.build();
    } catch (NotAnObjectException e) {
      throw new BadLineException(lineNumber, e.problem());
    }
  }

  private static String id(JsonObject object, String field, boolean required)
      throws NotAnObjectException {
    Optional<String> id = object.text(field);
    if (id.isEmpty()) {
      if (required) {
        throw new NotAnObjectException("\"" + field + "\" is missing");
      }
      return "";
    }
    if (id.get().isEmpty()) {
      // As an id it would mean that the server shall make one.
      throw new NotAnObjectException("\"" + field + "\" is empty");
    }
    if (id.get().codePoints().anyMatch(c -> c >= 0xD800 && c < 0xE000)) {
      throw new NotAnObjectException("\"" + field + "\" has half of a surrogate pair");
    }
    return id.get();
  }

  /** The next line without white space around; null at the end. */
  private @Nullable ByteString readLine() {
    try {
      if (position == limit && !fill()) {
        return null;
      }
      lineNumber++;
      ByteString.Output line = ByteString.newOutput(256);
      boolean ended = false;
      while (!ended && (position < limit || fill())) {
        int end = position;
        while (end < limit && chunk[end] != '\n') {
          end++;
        }
        // Of a line that is too long no more is kept than shows that it is.
        if (line.size() <= MAX_LINE_BYTES) {
          line.write(chunk, position, end - position);
        }
        ended = end < limit;
        position = ended ? end + 1 : end;
      }
      if (line.size() > MAX_LINE_BYTES) {
        throw new BadLineException(
            lineNumber, "longer than " + MAX_LINE_BYTES + " bytes, which fit into no message");
      }
      return trimmed(line.toByteString(), lineNumber == 1);
    } catch (IOException e) {
      throw new UncheckedIOException("line " + lineNumber + ": " + e.getMessage(), e);
    }
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(0, in.read(chunk));
    return limit > 0;
  }

  private static ByteString trimmed(ByteString line, boolean first) {
    // A byte order mark at the beginning is none of the content.
    int start = first && line.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.size() : 0;
    int end = line.size();
    while (start < end && isSpace(line.byteAt(start))) {
      start++;
    }
    while (start < end && isSpace(line.byteAt(end - 1))) {
      end--;
    }
    return line.substring(start, end);
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
