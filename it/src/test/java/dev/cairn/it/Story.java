package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.protobuf.Descriptors.MethodDescriptor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * The polyglot story: steps with what each sends and expects, read from {@code story.json}. The
 * module's README says what a step may have. One telling has its own variables: {@code ${site}},
 * {@code ${language}}, those that steps keep, and {@code ${uuid.NAME}}, a fresh UUID for each name.
 *
 * <p>Confined to one thread.
 */
final class Story {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]+)}");
  private static final int MOST_PAGES = 1_000;

  private final Map<String, String> variables = new HashMap<>();

  Story(String language) {
    variables.put("language", language);
    variables.put("site", "tale-in-" + language);
  }

  static List<JsonNode> steps(Path file) {
    try {
      List<JsonNode> steps = new ArrayList<>();
      JSON.readTree(file.toFile()).forEach(steps::add);
      return steps;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has the client take one step, and judges it. */
  void take(JsonNode step, PolyglotClient client) {
    String name = step.get("step").asText();
    MethodDescriptor method = Rpcs.named(step.get("call").asText());
    ObjectNode command = command(step, method);
    PolyglotAnswer answer = PolyglotAnswer.of(client.call(command), method);
    if (step.has("error")) {
      judgeError(name, filled(step.get("error")), answer);
      return;
    }
    assertThat(answer.code())
        .as("%s: %s", name, answer)
        .isEqualTo(step.has("take") ? "TAKEN" : "OK");
    assertThat(answer.messages()).as(name).isNotEmpty();
    if (step.has("pages")) {
      turnPages(name, step.get("pages"), command, client, method, answer);
    }
    judge(name, step, answer.messages());
    step.path("keep")
        .properties()
        .forEach(
            kept -> {
              JsonNode value = answer.last().at(kept.getValue().asText());
              assertThat(value.isValueNode()).as("%s: %s", name, kept).isTrue();
              variables.put(kept.getKey(), value.asText());
            });
  }

  private void judge(String name, JsonNode step, List<JsonNode> messages) {
    if (step.has("expect")) {
      expect(name, step.get("expect"), messages.get(0));
    }
    if (step.has("first")) {
      expect(name, step.get("first"), messages.get(0));
    }
    if (step.has("each")) {
      messages.forEach(message -> expect(name, step.get("each"), message));
    }
    if (step.has("last")) {
      expect(name, step.get("last"), messages.get(messages.size() - 1));
    }
    if (step.has("take")) {
      assertThat(messages).as(name).hasSize(step.get("take").asInt());
    }
    if (step.has("grows")) {
      List<Double> values =
          messages.stream().map(each -> each.at(step.get("grows").asText()).asDouble()).toList();
      assertThat(values).as(name).isSorted();
    }
    if (step.has("exports")) {
      judgeExport(name, step.get("exports").asText(), messages);
    }
  }

  private void expect(String name, JsonNode expected, JsonNode actual) {
    assertThat(new Expectation(filled(expected)).differences(actual)).as(name).isEmpty();
  }

  /** Exactly the documents of a file, byte for byte. */
  private static void judgeExport(String name, String file, List<JsonNode> messages) {
    Map<String, String> exported = new HashMap<>();
    for (JsonNode message : messages) {
      message
          .get("items")
          .forEach(
              item ->
                  assertThat(exported.put(item.get("id").asText(), item.get("data").asText()))
                      .as("%s: %s comes twice", name, item.get("id"))
                      .isNull());
    }
    Map<String, String> imported = new HashMap<>();
    try (Stream<String> documents = documents(file)) {
      documents.forEach(each -> imported.put(JsonLines.id(each), encoded(each)));
    }
    assertThat(exported.keySet()).as(name).isEqualTo(imported.keySet());
    assertThat(exported.equals(imported)).as("%s: some item has other bytes", name).isTrue();
  }

  private static void judgeError(String name, JsonNode expected, PolyglotAnswer answer) {
    assertThat(answer.code()).as("%s: %s", name, answer).isEqualTo(expected.get("code").asText());
    if (!expected.has("reason")) {
      return;
    }
    assertThat(answer.errorMessage()).as(name).isNotEmpty();
    ObjectNode info = JSON.createObjectNode();
    info.put("@type", "google.rpc.ErrorInfo").put("domain", "cairn.dev");
    info.set("reason", expected.get("reason"));
    info.set(
        "metadata",
        expected.path("metadata").isObject() ? expected.get("metadata") : info.objectNode());
    ArrayNode details = JSON.createArrayNode().add(info);
    expected.path("details").forEach(details::add);
    for (JsonNode detail : details) {
      ObjectNode full = detail.deepCopy();
      full.put("@type", "type.googleapis.com/" + detail.get("@type").asText());
      JsonNode some = JSON.createObjectNode().set("$some", JSON.createArrayNode().add(full));
      assertThat(new Expectation(some).differences(answer.details())).as(name).isEmpty();
    }
  }

  /** Turns to the last page: together they hold each entry once. */
  private static void turnPages(
      String name,
      JsonNode pages,
      ObjectNode command,
      PolyglotClient client,
      MethodDescriptor method,
      PolyglotAnswer first) {
    Set<String> seen = new HashSet<>();
    PolyglotAnswer page = first;
    int turned = 1;
    while (true) {
      for (JsonNode entry : page.last().at(pages.get("of").asText())) {
        assertThat(seen.add(entry.get("id").asText())).as("%s: %s twice", name, entry).isTrue();
      }
      String token = page.last().get("next_page_token").asText();
      if (token.isEmpty()) {
        break;
      }
      assertThat(++turned).as("%s: pages without end", name).isLessThan(MOST_PAGES);
      ((ObjectNode) command.get("messages").get(0)).put("page_token", token);
      page = PolyglotAnswer.of(client.call(command), method);
      assertThat(page.code()).as("%s: %s", name, page).isEqualTo("OK");
    }
    assertThat(turned).as(name).isGreaterThanOrEqualTo(pages.get("at_least").asInt());
    assertThat(seen).as(name).hasSize(pages.get("all").asInt());
  }

  private ObjectNode command(JsonNode step, MethodDescriptor method) {
    ObjectNode command = JSON.createObjectNode();
    command.put("method", method.getService().getFullName() + "/" + method.getName());
    ArrayNode messages = command.putArray("messages");
    JsonNode send = bytesEncoded(filled(step.get("send")));
    if (send.isArray()) {
      messages.addAll((ArrayNode) send);
    } else {
      messages.add(send);
    }
    if (step.has("import")) {
      batches(step.get("import")).forEach(messages::add);
    }
    for (String option : List.of("deadline_ms", "take", "window")) {
      if (step.has(option)) {
        command.set(option, step.get(option));
      }
    }
    return command;
  }

  /** The documents of a file, as the batches of an import. */
  private static List<ObjectNode> batches(JsonNode source) {
    List<ObjectNode> batches = new ArrayList<>();
    int size = source.get("batch").asInt();
    try (Stream<String> documents = documents(source.get("file").asText())) {
      documents
          .limit(source.path("limit").asInt(Integer.MAX_VALUE))
          .forEach(
              document -> {
                if (batches.isEmpty()
                    || batches.get(batches.size() - 1).get("items").size() == size) {
                  ObjectNode batch =
                      JSON.createObjectNode().put("batch_sequence", batches.size() + 1);
                  batch.putArray("items");
                  batches.add(batch);
                }
                ((ArrayNode) batches.get(batches.size() - 1).get("items"))
                    .addObject()
                    .put("id", JsonLines.id(document))
                    .put("data", encoded(document));
              });
    }
    return batches;
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Stream<String> documents(String file) {
    try {
      Path path = Settings.data().resolve(file);
      BufferedReader reader =
          file.endsWith(".gz")
              ? new BufferedReader(
                  new InputStreamReader(
                      new GZIPInputStream(Files.newInputStream(path)), StandardCharsets.UTF_8))
              : Files.newBufferedReader(path);
      return reader.lines().onClose(() -> close(reader));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(BufferedReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same with {@code {"$json": …}} as the bytes that hold it. */
  private static JsonNode bytesEncoded(JsonNode node) {
    if (node.has("$json")) {
      return TextNode.valueOf(encoded(node.get("$json").toString()));
    }
    if (node.isArray()) {
      ArrayNode array = JSON.createArrayNode();
      node.forEach(each -> array.add(bytesEncoded(each)));
      return array;
    }
    if (node.isObject()) {
      ObjectNode object = JSON.createObjectNode();
      node.properties().forEach(each -> object.set(each.getKey(), bytesEncoded(each.getValue())));
      return object;
    }
    return node;
  }

  /** The same with its variables replaced. */
  private JsonNode filled(JsonNode node) {
    if (node.isTextual()) {
      return TextNode.valueOf(
          VARIABLE
              .matcher(node.asText())
              .replaceAll(found -> Matcher.quoteReplacement(value(found.group(1)))));
    }
    if (node.isArray()) {
      ArrayNode filled = JSON.createArrayNode();
      node.forEach(each -> filled.add(filled(each)));
      return filled;
    }
    if (node.isObject()) {
      ObjectNode filled = JSON.createObjectNode();
      node.properties().forEach(each -> filled.set(each.getKey(), filled(each.getValue())));
      return filled;
    }
    return node;
  }

  private String value(String variable) {
    if (variable.startsWith("uuid.")) {
      return variables.computeIfAbsent(variable, none -> UUID.randomUUID().toString());
    }
    String value = variables.get(variable);
    assertThat(value).as("the story has no ${%s}", variable).isNotNull();
    return String.valueOf(value);
  }
}
