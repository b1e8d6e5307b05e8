package dev.cairn.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients in each language call over TLS, trust one authority, and send a token with each call. */
class PolyglotTlsIT {
  private static final String WITHOUT_TOKEN =
      """
      {"step": "calls without a token", "call": "SiteService/GetSite", "send": {"site_id": "${site}"},
       "error": {"code": "UNAUTHENTICATED", "reason": "UNAUTHENTICATED"}}
      """;

  @RegisterExtension static final Servers SERVERS = new Servers();

  private static Credentials credentials;

  @BeforeAll
  static void startServer() throws IOException, InterruptedException {
    credentials = Credentials.in(SERVERS.directory());
    SERVERS.start(
        "--tls.certificate=" + credentials.certificate(),
        "--tls.private-key=" + credentials.privateKey(),
        "--auth.keys=" + credentials.keys(),
        "--auth.issuer=" + Credentials.ISSUER);
  }

  static List<Language> languages() {
    return Language.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("languages")
  void aTokenTravelsOverTls(Language language) {
    PolyglotIT.requireBuilt(language);
    Story story = new Story(language.name());
    String token =
        credentials.token(
            language.name(),
            "tale-in-" + language,
            "administer",
            "items.read",
            "items.write",
            "backups.create");
    try (PolyglotClient client = language.start(environment("CAIRN_TOKEN", token))) {
      Story.steps(Language.folder().resolve("story-with-token.json"))
          .forEach(step -> story.take(step, client));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("languages")
  void withoutATokenTheReasonIsTyped(Language language) throws IOException {
    PolyglotIT.requireBuilt(language);
    JsonNode step = new ObjectMapper().readTree(WITHOUT_TOKEN);
    try (PolyglotClient client = language.start(environment("CAIRN_NOTHING", ""))) {
      new Story(language.name()).take(step, client);
    }
  }

  private static Map<String, String> environment(String name, String value) {
    return Map.of(
        "CAIRN_ADDRESS",
        "localhost:" + SERVERS.last().port(),
        "CAIRN_CA",
        credentials.certificate().toString(),
        name,
        value);
  }
}
