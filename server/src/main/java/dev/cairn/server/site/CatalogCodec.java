package dev.cairn.server.site;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Catalog records as JSON: readable with any tool, and a reader skips fields it does not know, so
 * that a newer server's records can be read by an older one. A part that is missing is damage,
 * unless it is an {@code Optional} or a number.
 */
final class CatalogCodec {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .addModule(new Jdk8Module())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .serializationInclusion(JsonInclude.Include.NON_ABSENT)
          .build();

  private CatalogCodec() {}

  static ByteString encode(Object record) {
    try {
      return UnsafeByteOperations.unsafeWrap(MAPPER.writeValueAsBytes(record));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not a catalog record: " + record.getClass(), e);
    }
  }

  static <T> T decode(String key, ByteString bytes, Class<T> type) {
    @Nullable T record;
    try {
      record = MAPPER.readValue(bytes.newInput(), type);
    } catch (IOException e) {
      throw damaged(key, e);
    }
    if (record == null) { // the text "null"
      throw damaged(key, null);
    }
    return record;
  }

  private static ServiceException damaged(String key, @Nullable Throwable cause) {
    return new ServiceException(
        Reason.DATA_CORRUPT,
        Map.of("record", key),
        "the catalog record " + key + " is damaged",
        cause);
  }

  static JsonNode toTree(Object record) {
    return MAPPER.valueToTree(record);
  }

  static <T> T fromTree(JsonNode tree, Class<T> type) {
    try {
      return MAPPER.treeToValue(tree, type);
    } catch (JsonProcessingException e) {
      throw new ServiceException(
          Reason.DATA_CORRUPT, Map.of(), "a catalog record holds no " + type.getSimpleName(), e);
    }
  }
}
