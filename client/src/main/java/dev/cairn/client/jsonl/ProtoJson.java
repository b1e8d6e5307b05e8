package dev.cairn.client.jsonl;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;
import dev.cairn.v1.Item;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * Messages as JSON for programs. Names, enums, times and spans are those of the JSON mapping of
 * protobuf; three things differ, so that the output is pleasant to query: int64 are numbers, the
 * data of an item is the document itself, and fields with a default value are there. Messages and
 * optional fields that are not set are left out.
 */
public final class ProtoJson {
  // Documents may nest as deeply as the contract allows, inside an item inside a list.
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamWriteConstraints(StreamWriteConstraints.builder().maxNestingDepth(2_000).build())
          .build();

  private ProtoJson() {}

  /** On one line. */
  public static byte[] line(MessageOrBuilder message) {
    return print(message, false);
  }

  /** On many lines. */
  public static byte[] document(MessageOrBuilder message) {
    return print(message, true);
  }

  private static byte[] print(MessageOrBuilder message, boolean pretty) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      try (JsonGenerator json = JSON.createGenerator(out, JsonEncoding.UTF8)) {
        if (pretty) {
          json.useDefaultPrettyPrinter();
        }
        write(json, message);
      }
      out.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator json, MessageOrBuilder message) throws IOException {
    if (message instanceof Timestamp time) {
      json.writeString(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()).toString());
    } else if (message instanceof Duration duration) {
      json.writeString(
          BigDecimal.valueOf(duration.getSeconds())
                  .add(BigDecimal.valueOf(duration.getNanos(), 9))
                  .stripTrailingZeros()
                  .toPlainString()
              + "s");
    } else if (message.getDescriptorForType().getFullName().startsWith("google.protobuf.")) {
      json.writeRawValue(JsonFormat.printer().omittingInsignificantWhitespace().print(message));
    } else if (message instanceof Item item) {
      ByteString line = ItemWriter.withMetadata(item);
      json.writeRawValue(line.toStringUtf8());
    } else {
      json.writeStartObject();
      for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
        if (!field.hasPresence() || message.hasField(field)) {
          json.writeFieldName(field.getJsonName());
          writeField(json, message, field);
        }
      }
      json.writeEndObject();
    }
  }

  private static void writeField(
      JsonGenerator json, MessageOrBuilder message, FieldDescriptor field) throws IOException {
    Object value = message.getField(field);
    if (field.isMapField()) {
      json.writeStartObject();
      for (Object entry : (List<?>) value) {
        Message pair = (Message) entry;
        List<FieldDescriptor> keyAndValue = pair.getDescriptorForType().getFields();
        json.writeFieldName(String.valueOf(pair.getField(keyAndValue.get(0))));
        writeValue(json, pair.getField(keyAndValue.get(1)));
      }
      json.writeEndObject();
    } else if (field.isRepeated()) {
      json.writeStartArray();
      for (Object element : (List<?>) value) {
        writeValue(json, element);
      }
      json.writeEndArray();
    } else {
      writeValue(json, value);
    }
  }

  private static void writeValue(JsonGenerator json, Object value) throws IOException {
    if (value instanceof Message message) {
      write(json, message);
    } else if (value instanceof EnumValueDescriptor constant) {
      json.writeString(constant.getName());
    } else if (value instanceof Boolean flag) {
      json.writeBoolean(flag);
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Integer number) {
      json.writeNumber(number);
    } else if (value instanceof Double number) {
      json.writeNumber(number);
    } else if (value instanceof ByteString bytes) {
      json.writeBinary(bytes.toByteArray());
    } else {
      json.writeString(String.valueOf(value));
    }
  }
}
