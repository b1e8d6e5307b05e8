package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.cairn.v1.ErrorReason;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code proto/README.md} says is so, and its programs run as they stand there. */
class ContractPageIT {
  private static final Pattern RPC = Pattern.compile("((?:  //.*\\n)+)  rpc (\\w+)\\(");
  private static final Pattern REASON =
      Pattern.compile("((?:  //.*\\n)+)  ERROR_REASON_(\\w+) = [1-9]");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| ([^|]+) \\|");

  /** The rpcs that may be sent twice without doing more than once, or answering otherwise. */
  private static final Pattern SAFE =
      Pattern.compile("Read only\\.|Idempotent( with request_id|\\.|:| while one runs)");

  @RegisterExtension static final Servers SERVERS = new Servers();

  private static String page() throws IOException {
    return Files.readString(Settings.root().resolve("proto/README.md"));
  }

  private static String proto(String name) {
    try {
      return Files.readString(Protos.contract().resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theTableOfErrorsHasEveryReasonWithItsStatus() throws IOException {
    Map<String, String> told = new TreeMap<>();
    for (MatchResult row : ROW.matcher(page()).results().toList()) {
      told.put(row.group(1), row.group(2));
    }
    Map<String, String> meant = new TreeMap<>();
    for (MatchResult reason :
        REASON.matcher(proto("cairn/v1/error_reason.proto")).results().toList()) {
      String comment = reason.group(1).replaceAll("\\s+// ", " ").strip();
      meant.put(
          reason.group(2),
          comment.startsWith("Status ")
              ? comment.replaceFirst("Status ([A-Z_]+).*", "$1").strip()
              : "only in `failure`");
    }
    assertThat(meant).hasSize(ErrorReason.values().length - 2); // not 0, not UNRECOGNIZED
    assertThat(told).isEqualTo(meant);
  }

  @Test
  void theServiceConfigIsTakenByGrpcAndRepeatsExactlyWhatMayBeRepeated() throws IOException {
    @SuppressWarnings("unchecked")
    Map<String, ?> config = (Map<String, ?>) plain(serviceConfig());
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget("127.0.0.1:1").defaultServiceConfig(config).build();
    channel.shutdownNow();

    Set<String> repeated = new TreeSet<>();
    JsonNode names = serviceConfig().at("/methodConfig/0/name");
    for (JsonNode name : names) {
      String service = name.get("service").asText().replaceFirst("cairn\\.v1\\.", "");
      Set<String> named = new TreeSet<>(Rpcs.all().keySet());
      named.removeIf(
          rpc ->
              !rpc.startsWith(service + "/")
                  || (name.has("method") && !rpc.endsWith("/" + name.get("method").asText())));
      assertThat(named).as("what %s names", name).isNotEmpty();
      repeated.addAll(named);
    }
    assertThat(repeated).isEqualTo(safe());
  }

  private static Set<String> safe() {
    Set<String> safe = new TreeSet<>();
    for (MethodDescriptor each : Rpcs.all().values()) {
      String service = each.getService().getName();
      RPC.matcher(proto(each.getFile().getName()))
          .results()
          .filter(rpc -> SAFE.matcher(rpc.group(1).replaceAll("\\s+// ", " ")).find())
          .forEach(rpc -> safe.add(service + "/" + rpc.group(2)));
    }
    return safe;
  }

  private static JsonNode serviceConfig() throws IOException {
    return new ObjectMapper().readTree(block(section("Retries and idempotency"), "json"));
  }

  /** As gRPC wants it: maps, lists, text, and no number but doubles. */
  private static Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, Object> map = new TreeMap<>();
      node.properties().forEach(each -> map.put(each.getKey(), plain(each.getValue())));
      return map;
    }
    if (node.isArray()) {
      List<Object> list = new ArrayList<>();
      node.forEach(each -> list.add(plain(each)));
      return list;
    }
    return node.isNumber() ? (Object) node.asDouble() : node.asText();
  }

  /** The ten lines of a language: its commands and its program, on an empty directory. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "python, Python",
    "node, Node",
    "typescript, TypeScript",
    "go, Go",
    "ruby, Ruby",
    "cpp, C++"
  })
  void theTenLinesListTheBackups(String name, String heading)
      throws IOException, InterruptedException {
    Language language = new Language(name);
    PolyglotIT.requireBuilt(language);
    CairnProcess server = SERVERS.any();
    String backup = backupOfShop(server);
    Path directory = SERVERS.directory();
    String section = section(heading);
    String program = block(section, "(?!sh$)[a-z]+");
    String file = program.lines().findFirst().orElseThrow().replaceFirst("^\\S+ ", "");
    Files.writeString(directory.resolve(file), program.replace("localhost:7600", server.address()));
    Path modules = language.shared().resolve(name).resolve("node_modules");
    if (Files.isDirectory(modules)) {
      Files.createSymbolicLink(directory.resolve("node_modules"), modules);
    }
    Path output = directory.resolve("output.log");
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-euc", block(section, "sh"))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("P", Protos.contract().toString());
    // The distribution's python3 sees the distribution's packages.
    builder.environment().compute("PATH", (path, value) -> "/usr/bin:" + value);
    Process process = builder.start();
    if (!process.waitFor(10, TimeUnit.MINUTES)) {
      process.destroyForcibly();
    }
    assertThat(Files.readString(output)).contains(backup);
    assertThat(process.waitFor()).isZero();
  }

  private static String backupOfShop(CairnProcess server) {
    try (Cairn cairn = server.connect()) {
      if (!cairn.siteIds().contains("shop")) {
        cairn.createSite("shop", List.of("products"));
        cairn.fill("shop", "products", 3, "good");
        return cairn.backup("shop").getId();
      }
      return cairn.listBackups("shop").get(0).getId();
    }
  }

  /** From a heading to the next one. */
  private static String section(String heading) throws IOException {
    Matcher found =
        Pattern.compile("(?ms)^#+ " + Pattern.quote(heading) + "$(.*?)(?=^##|\\z)").matcher(page());
    assertThat(found.find()).as("the page has no section %s", heading).isTrue();
    return found.group(1);
  }

  private static String block(String section, String language) {
    Matcher found = Pattern.compile("(?ms)^```" + language + "$\\n(.*?)^```$").matcher(section);
    assertThat(found.find()).as("no block of %s in %s", language, section).isTrue();
    return found.group(1);
  }
}
