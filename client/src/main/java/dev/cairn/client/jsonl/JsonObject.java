package dev.cairn.client.jsonl;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One JSON object as the bytes that came, checked, with the places of its top-level members.
 * Members are cut out and put in by place; no value is ever printed anew.
 *
 * <p>Immutable; the bytes are never changed.
 */
final class JsonObject {
  /** The contract's limit of nesting, plus one for an object around the document. */
  private static final int MAX_DEPTH = 1_001;

  // Documents may have what Jackson's limits against abuse refuse: numbers of any length. Their
  // size is bounded by that of a line.
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .build();

  /**
   * A top-level member.
   *
   * @param name decoded
   * @param start where its name begins
   * @param value where its value begins
   * @param end where what follows begins: the next member, or the closing brace
   * @param text the decoded string or the literal number, null for other values
   */
  private record Member(
      String name, int start, int value, int end, JsonToken type, Optional<String> text) {}

  private final ByteString bytes;
  private final List<Member> members;

  private JsonObject(ByteString bytes, List<Member> members) {
    this.bytes = bytes;
    this.members = members;
  }

  /**
   * @param bytes without white space around
   */
  static JsonObject parse(ByteString bytes) throws NotAnObjectException {
    if (bytes.isEmpty() || bytes.byteAt(0) != '{') {
      throw new NotAnObjectException("no JSON object: it does not begin with {");
    }
    if (!bytes.isValidUtf8()) {
      throw new NotAnObjectException("not UTF-8");
    }
    byte[] array = bytes.toByteArray();
    for (int i = 0; i < Math.min(4, array.length); i++) {
      // The parser would take this for UTF-16.
      if (array[i] == 0) {
        throw new NotAnObjectException("not UTF-8 text: it has a NUL byte at column " + (i + 1));
      }
    }
    try (JsonParser parser = JSON.createParser(array)) {
      List<Member> members = members(parser);
      if (parser.nextToken() != null) {
        throw new NotAnObjectException(
            "more than one JSON value: the second begins at column " + (offset(parser) + 1));
      }
      return new JsonObject(bytes, members);
    } catch (JsonProcessingException e) {
      throw new NotAnObjectException(
          "no valid JSON: "
              + e.getOriginalMessage()
              + (e.getLocation() == null ? "" : " (column " + e.getLocation().getColumnNr() + ")"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Member> members(JsonParser parser) throws IOException {
    List<Member> members = new ArrayList<>();
    parser.nextToken();
    JsonToken token = parser.nextToken();
    while (token != JsonToken.END_OBJECT) {
      final int start = offset(parser);
      final String name = parser.currentName();
      final JsonToken type = parser.nextToken();
      final int value = offset(parser);
      Optional<String> text =
          type == JsonToken.VALUE_STRING || type.isNumeric()
              ? Optional.of(parser.getText())
              : Optional.empty();
      parser.skipChildren();
      token = parser.nextToken();
      members.add(new Member(name, start, value, offset(parser), type, text));
    }
    return List.copyOf(members);
  }

  private static int offset(JsonParser parser) {
    return (int) parser.currentTokenLocation().getByteOffset();
  }

  ByteString bytes() {
    return bytes;
  }

  /**
   * The text of a member that names something: a string, or a number as it is written. Of a key
   * that is there twice the last one counts.
   *
   * @return empty if it is not there or null
   */
  Optional<String> text(String name) throws NotAnObjectException {
    Optional<Member> member = last(name);
    if (member.isEmpty() || member.get().type() == JsonToken.VALUE_NULL) {
      return Optional.empty();
    }
    if (member.get().text().isEmpty()) {
      throw new NotAnObjectException(
          "\"" + name + "\" is neither a string nor a number, so it cannot be the id");
    }
    return member.get().text();
  }

  /** The value of a member that must be an object, byte for byte. */
  ByteString object(String name) throws NotAnObjectException {
    Optional<Member> member = last(name);
    if (member.isEmpty() || member.get().type() != JsonToken.START_OBJECT) {
      throw new NotAnObjectException(
          "\"" + name + "\" is " + (member.isEmpty() ? "missing" : "no object"));
    }
    return trimEnd(bytes.substring(member.get().value(), member.get().end()));
  }

  /** Without the white space and the comma that follow a value. */
  private static ByteString trimEnd(ByteString part) {
    int end = part.size();
    while (end > 0 && " \t\r\n,".indexOf(part.byteAt(end - 1)) >= 0) {
      end--;
    }
    return part.substring(0, end);
  }

  private Optional<Member> last(String name) {
    Member found = null;
    for (Member member : members) {
      if (member.name().equals(name)) {
        found = member;
      }
    }
    return Optional.ofNullable(found);
  }

  /**
   * The same object with a member of that text: as it is if it has one, otherwise with a new first
   * member in place of any of that name.
   */
  ByteString withFirst(String name, String text) {
    Optional<Member> there = last(name);
    if (there.isPresent() && there.get().text().equals(Optional.of(text))) {
      return bytes;
    }
    List<ByteString> rest = new ArrayList<>();
    for (Member member : members) {
      if (!member.name().equals(name)) {
        rest.add(bytes.substring(member.start(), member.end()));
      }
    }
    ByteString first =
        ByteString.copyFromUtf8("{")
            .concat(quoted(name))
            .concat(ByteString.copyFromUtf8(":"))
            .concat(quoted(text));
    ByteString others = trimEnd(ByteString.copyFrom(rest));
    return first
        .concat(ByteString.copyFromUtf8(others.isEmpty() ? "" : ","))
        .concat(others)
        .concat(ByteString.copyFromUtf8("}"));
  }

  static ByteString quoted(String text) {
    return ByteString.copyFromUtf8("\"")
        .concat(ByteString.copyFrom(JsonStringEncoder.getInstance().quoteAsUTF8(text)))
        .concat(ByteString.copyFromUtf8("\""));
  }
}
