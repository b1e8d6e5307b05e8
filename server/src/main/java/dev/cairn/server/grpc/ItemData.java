package dev.cairn.server.grpc;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * Says whether bytes are what {@code Item.data} may be: one JSON object (RFC 8259) in UTF-8 without
 * byte order mark, nested at most 1,000 levels, no key twice in one object. Looks only: what is
 * stored are the bytes as they came, so numbers and texts may be of any length.
 */
final class ItemData {
  static final int MAX_NESTING = 1_000;

  private static final int MAX_DETAIL = 120;
  private static final ByteString BYTE_ORDER_MARK = ByteString.fromHex("efbbbf");

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private ItemData() {}

  /** What is wrong with it, if anything. */
  static Optional<String> problem(ByteString data) {
    if (data.isEmpty()) {
      return Optional.of("is required: one JSON object");
    }
    if (data.startsWith(BYTE_ORDER_MARK)) {
      return Optional.of("begins with a byte order mark; leave it out");
    }
    if (!data.isValidUtf8()) {
      return Optional.of("is not valid UTF-8");
    }
    // Zero bytes at the beginning would make the parser guess UTF-16 or UTF-32.
    for (int i = 0; i < Math.min(4, data.size()); i++) {
      if (data.byteAt(i) == 0) {
        return Optional.of("is not JSON: it has a zero byte");
      }
    }
    return PlainJson.isObject(data.toByteArray()) ? Optional.empty() : syntaxProblem(data);
  }

  /** The close look, which also finds the words for what is wrong. */
  static Optional<String> syntaxProblem(ByteString data) {
    try (JsonParser parser = JSON.createParser(data.newInput())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return Optional.of("is not a JSON object: it must begin with {");
      }
      int depth = 1;
      while (depth > 0) {
        JsonToken token = parser.nextToken();
        if (token == null) {
          return Optional.of("is not valid JSON: it ends too early");
        }
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      }
      return parser.nextToken() == null
          ? Optional.empty()
          : Optional.of("has something after the JSON object");
    } catch (StreamConstraintsException e) {
      return Optional.of("is nested deeper than " + MAX_NESTING + " levels");
    } catch (JacksonException e) {
      return Optional.of("is not valid JSON" + where(e));
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory", e);
    }
  }

  private static String where(JacksonException e) {
    String message = String.valueOf(e.getOriginalMessage());
    String detail =
        message.length() > MAX_DETAIL ? message.substring(0, MAX_DETAIL) + "..." : message;
    return e.getLocation() == null
        ? ": " + detail
        : " at line "
            + e.getLocation().getLineNr()
            + ", column "
            + e.getLocation().getColumnNr()
            + ": "
            + detail;
  }
}
