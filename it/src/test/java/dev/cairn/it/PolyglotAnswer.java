package dev.cairn.it;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorDetailsProto;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client in some language answered to one call.
 *
 * <p>Each message was read into its type in the contract and printed again: a language that gets
 * the JSON form of a message wrong fails here, and scalar fields without a value show their
 * default.
 *
 * @param code {@code OK}, {@code TAKEN}, or the name of the status code
 * @param messages of the answer, without heartbeats
 * @param details of the error, an array; each has its type as {@code @type}
 */
record PolyglotAnswer(String code, String errorMessage, List<JsonNode> messages, JsonNode details) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeRegistry DETAILS =
      TypeRegistry.newBuilder().add(ErrorDetailsProto.getDescriptor().getMessageTypes()).build();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().usingTypeRegistry(DETAILS);
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer()
          .usingTypeRegistry(DETAILS)
          .preservingProtoFieldNames()
          .alwaysPrintFieldsWithNoPresence();

  static PolyglotAnswer of(JsonNode line, MethodDescriptor method) {
    List<JsonNode> messages = new ArrayList<>();
    for (JsonNode each : line.get("messages")) {
      JsonNode message = canonical(each, DynamicMessage.newBuilder(method.getOutputType()));
      if (!message.path("heartbeat").asBoolean()) {
        messages.add(message);
      }
    }
    var details = JSON.createArrayNode();
    line.path("details").forEach(each -> details.add(canonical(each, Any.newBuilder())));
    return new PolyglotAnswer(
        line.get("code").asText(), line.path("message").asText(), List.copyOf(messages), details);
  }

  private static JsonNode canonical(JsonNode json, Message.Builder type) {
    try {
      PARSER.merge(json.toString(), type);
      return JSON.readTree(PRINTER.print(type));
    } catch (InvalidProtocolBufferException | JsonProcessingException e) {
      throw new AssertionError(
          "not the JSON of a " + type.getDescriptorForType().getFullName() + ": " + json, e);
    }
  }

  JsonNode last() {
    return messages.get(messages.size() - 1);
  }
}
