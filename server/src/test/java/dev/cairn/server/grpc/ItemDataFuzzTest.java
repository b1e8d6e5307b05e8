package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/** What items may be: the quick look, the close look and a parser of somebody else agree. */
class ItemDataFuzzTest {
  @FuzzTest
  void agreesWithAnotherParser(byte[] bytes) throws IOException {
    ByteString data = ByteString.copyFrom(bytes);
    boolean taken = ItemData.problem(data).isEmpty();
    if (data.isValidUtf8() && PlainJson.isObject(bytes)) {
      assertThat(ItemData.syntaxProblem(data)).isEmpty();
    }
    if (data.isValidUtf8()) {
      assertThat(taken).isEqualTo(isObject(data.toStringUtf8()));
    }
  }

  /** By the rules of the contract, with Gson. */
  private static boolean isObject(String text) throws IOException {
    if (text.startsWith("\ufeff")) {
      return false;
    }
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    reader.setNestingLimit(ItemData.MAX_NESTING);
    Deque<Set<String>> keys = new ArrayDeque<>();
    try {
      if (reader.peek() != JsonToken.BEGIN_OBJECT) {
        return false;
      }
      do {
        switch (reader.peek()) {
          case BEGIN_OBJECT -> {
            reader.beginObject();
            keys.push(new HashSet<>());
          }
          case END_OBJECT -> {
            reader.endObject();
            keys.pop();
          }
          case BEGIN_ARRAY -> {
            reader.beginArray();
            keys.push(Set.of());
          }
          case END_ARRAY -> {
            reader.endArray();
            keys.pop();
          }
          case NAME -> {
            if (!keys.element().add(reader.nextName())) {
              return false;
            }
          }
          case NULL -> reader.nextNull();
          case BOOLEAN -> {
            boolean unused = reader.nextBoolean();
          }
          default -> {
            String unused = reader.nextString();
          }
        }
      } while (!keys.isEmpty());
      return reader.peek() == JsonToken.END_DOCUMENT;
    } catch (MalformedJsonException | EOFException e) {
      return false;
    }
  }
}
