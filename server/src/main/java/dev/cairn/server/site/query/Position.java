package dev.cairn.server.site.query;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.query.FieldValue.Num;
import dev.cairn.server.site.query.FieldValue.Rank;
import dev.cairn.server.site.query.FieldValue.Text;
import dev.cairn.server.site.query.FieldValue.Time;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A place in an order: between the item that was there and what comes after it. Holds all that the
 * order looks at, so that it stays the same place when the item changes or goes. Immutable.
 *
 * @param keys what the item has at the sort keys; arrays and objects without what they hold
 */
public record Position(List<FieldValue> keys, String id) {
  private static final byte VERSION = 1;
  private static final int TIME = 100;
  private static final int CHUNK_CHARS = 20_000;
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(?:\\.\\d+)?(?:e-?\\d+)?");

  public Position {
    keys = List.copyOf(keys);
  }

  static Position of(String id) {
    return new Position(List.of(), id);
  }

  /** The position as text of letters, digits, - and _. About as long as the values of its keys. */
  public String encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      write(out, id);
      out.writeByte(keys.size());
      for (FieldValue key : keys) {
        write(out, key);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // there is no I/O
    }
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
  }

  private static void write(DataOutputStream out, FieldValue value) throws IOException {
    if (value instanceof Time time) {
      out.writeByte(TIME);
      out.writeLong(time.value().getEpochSecond());
      out.writeInt(time.value().getNano());
      return;
    }
    out.writeByte(value.rank().ordinal());
    if (value instanceof Num number) {
      write(out, number.value().toString());
    } else if (value instanceof Text text) {
      write(out, text.value());
    }
  }

  /** Any text, unpaired surrogates included, which UTF-8 proper would lose. */
  private static void write(DataOutputStream out, String text) throws IOException {
    out.writeInt(text.length());
    for (int from = 0; from < text.length(); from += CHUNK_CHARS) {
      out.writeUTF(text.substring(from, Math.min(text.length(), from + CHUNK_CHARS)));
    }
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws ServiceException INVALID_PAGE_TOKEN when it was anything else
   */
  public static Position decode(String text) {
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(Base64.getUrlDecoder().decode(text)))) {
      if (in.readByte() != VERSION) {
        throw new IOException("another version");
      }
      String id = readText(in);
      List<FieldValue> keys = new ArrayList<>();
      for (int count = in.readUnsignedByte(); count > 0; count--) {
        keys.add(readValue(in));
      }
      if (in.read() >= 0) {
        throw new IOException("something follows");
      }
      return new Position(keys, id);
    } catch (IOException | IllegalArgumentException | DateTimeException e) {
      throw new ServiceException(
          Reason.INVALID_PAGE_TOKEN,
          Map.of(),
          "the page token was not made by this server; start again from the first page",
          e);
    }
  }

  private static FieldValue readValue(DataInputStream in) throws IOException {
    int type = in.readUnsignedByte();
    if (type == TIME) {
      return new Time(Instant.ofEpochSecond(in.readLong(), in.readInt()));
    }
    Rank[] ranks = Rank.values();
    if (type >= ranks.length) {
      throw new IOException("unknown type");
    }
    return switch (ranks[type]) {
      case MISSING -> FieldValue.MISSING;
      case NULL -> FieldValue.NULL;
      case FALSE -> FieldValue.FALSE;
      case TRUE -> FieldValue.TRUE;
      case NUMBER -> new Num(readNumber(in));
      case TEXT -> new Text(readText(in));
      case ARRAY -> FieldValue.Arr.EMPTY;
      case OBJECT -> FieldValue.Obj.EMPTY;
    };
  }

  private static Decimal readNumber(DataInputStream in) throws IOException {
    String number = readText(in);
    if (!NUMBER.matcher(number).matches()) {
      throw new IOException("not a number");
    }
    return Decimal.parse(number);
  }

  private static String readText(DataInputStream in) throws IOException {
    int length = in.readInt();
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(in.readUTF());
    }
    if (text.length() != length) {
      throw new IOException("the length is wrong");
    }
    return text.toString();
  }
}
