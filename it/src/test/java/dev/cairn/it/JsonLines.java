package dev.cairn.it;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * Files of JSON Lines, compared as JSON: the order of members and white space do not matter, all
 * else does. Numbers are compared as they are written, which is stricter than any number type.
 */
final class JsonLines {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(2_000)
                  .maxNumberLength(10_000)
                  .build())
          .build();

  private JsonLines() {}

  /** Each document of a file by its {@code _id}, in a form that is the same for equal ones. */
  static SortedMap<String, String> read(Path file) {
    SortedMap<String, String> documents = new TreeMap<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                open(file),
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        String id = id(line);
        if (documents.put(id, canonical(line)) != null) {
          throw new AssertionError(file + " has " + id + " twice");
        }
      }
      return documents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(Path file) throws IOException {
    InputStream stream = Files.newInputStream(file);
    return file.toString().endsWith(".gz") ? new GZIPInputStream(stream, 1 << 16) : stream;
  }

  static String id(String document) {
    try (JsonParser parser = JSON.createParser(document)) {
      expect(parser.nextToken() == JsonToken.START_OBJECT, document);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals("_id")) {
          return parser.getText();
        }
        parser.skipChildren();
      }
      throw new AssertionError("no _id: " + document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same for two documents exactly if they are equal as JSON. */
  static String canonical(String document) {
    try (JsonParser parser = JSON.createParser(document)) {
      parser.nextToken();
      StringBuilder out = new StringBuilder(document.length());
      value(parser, out);
      expect(parser.nextToken() == null, document);
      return out.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void value(JsonParser parser, StringBuilder out) throws IOException {
    switch (Objects.requireNonNull(parser.currentToken())) {
      case START_OBJECT -> object(parser, out);
      case START_ARRAY -> {
        out.append('[');
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          value(parser, out);
          out.append(',');
        }
        out.append(']');
      }
      case VALUE_STRING -> string(parser.getText(), out);
      default -> out.append(parser.getText());
    }
  }

  private static void object(JsonParser parser, StringBuilder out) throws IOException {
    Map<String, String> members = new TreeMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      StringBuilder member = new StringBuilder();
      value(parser, member);
      // Of a member that comes twice both count: nothing may be lost.
      members.merge(name, member.toString(), (first, second) -> first + " and " + second);
    }
    out.append('{');
    members.forEach(
        (name, member) -> {
          string(name, out);
          out.append(':').append(member).append(',');
        });
    out.append('}');
  }

  /** Each UTF-16 unit as it is, lone surrogates included. */
  private static void string(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (unit < ' ' || unit == '"' || unit == '\\' || Character.isSurrogate(unit)) {
        out.append(String.format("\\u%04x", (int) unit));
      } else {
        out.append(unit);
      }
    }
    out.append('"');
  }

  private static void expect(boolean right, String document) {
    if (!right) {
      throw new AssertionError(
          "not one JSON object: " + document.substring(0, Math.min(200, document.length())));
    }
  }
}
