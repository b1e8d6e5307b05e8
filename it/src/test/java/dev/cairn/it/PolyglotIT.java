package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One story, told by a client in each language, with code generated from the {@code .proto} files
 * alone. A language whose tools are missing is left out with a message, unless the environment
 * names it in {@code IT_REQUIRED_LANGUAGES}.
 */
class PolyglotIT {
  @RegisterExtension static final Servers SERVERS = new Servers();

  private static List<JsonNode> steps() {
    return Story.steps(Language.folder().resolve("story.json"));
  }

  static List<Language> languages() {
    return Language.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("languages")
  void aClientGeneratedFromTheContractTellsTheWholeStory(Language language) {
    requireBuilt(language);
    Story story = new Story(language.name());
    try (PolyglotClient client = language.start(Map.of("CAIRN_ADDRESS", SERVERS.any().address()))) {
      steps().forEach(step -> story.take(step, client));
    }
    try (Cairn cairn = SERVERS.any().connect()) {
      assertThat(cairn.count("tale-in-" + language, "countries")).isEqualTo(250);
    }
  }

  /** Leaves the test out, or fails it, if the language's tools are missing. */
  static void requireBuilt(Language language) {
    Optional<String> missing = language.build();
    if (required().contains(language.name())) {
      assertThat(missing).as("%s is required here", language).isEmpty();
    }
    assumeThat(missing).as("%s is left out: %s", language, missing.orElse("")).isEmpty();
  }

  private static Set<String> required() {
    String names = System.getenv("IT_REQUIRED_LANGUAGES");
    return names == null ? Set.of() : Set.of(names.strip().split("\\s+"));
  }

  @Test
  void theStoryCallsEveryRpc() {
    Set<String> called = new TreeSet<>();
    steps().forEach(step -> called.add(step.get("call").asText()));
    assertThat(called).isEqualTo(Rpcs.all().keySet());
  }

  @Test
  void whatIsRequiredIsThere() {
    assertThat(languages())
        .extracting(Language::name)
        .contains("node", "typescript", "python", "ruby", "go", "cpp")
        .containsAll(required());
  }
}
