package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A client in any language needs the folder of {@code .proto} files and nothing else. */
class ContractIT {
  private static final Path PROTOS = Settings.root().resolve("proto/src/main/protobuf");

  @TempDir Path directory;

  @Test
  void compilesWithNothingBesideIt() throws IOException, InterruptedException {
    FileDescriptorSet contract = compiled();
    assertThat(contract.getFileList())
        .extracting(FileDescriptorProto::getName)
        .allMatch(name -> name.startsWith("cairn/v1/") || name.startsWith("google/protobuf/"));
    Set<String> services = new TreeSet<>();
    Map<String, DescriptorProto> messages = new HashMap<>();
    for (FileDescriptorProto file : contract.getFileList()) {
      file.getServiceList().forEach(service -> services.add(service.getName()));
      file.getMessageTypeList()
          .forEach(
              message -> messages.put("." + file.getPackage() + "." + message.getName(), message));
    }
    assertThat(services)
        .containsExactly(
            "BackupScheduleService",
            "BackupService",
            "CollectionService",
            "EventService",
            "ItemService",
            "RestorationService",
            "SiteService");
    contract.getFileList().stream()
        .flatMap(file -> file.getServiceList().stream())
        .flatMap(service -> service.getMethodList().stream())
        .forEach(
            method -> {
              FieldDescriptorProto first =
                  messages
                      .getOrDefault(method.getInputType(), DescriptorProto.getDefaultInstance())
                      .getField(0);
              assertThat(first.getName() + first.getNumber())
                  .as(method.getName())
                  .isEqualTo("site_id1");
            });
  }

  /** To renew it: {@code cp it/target/REFERENCE.md proto/REFERENCE.md}. */
  @Test
  void theReferencePageIsMadeFromTheComments() throws IOException, InterruptedException {
    String page = ContractReference.of(compiled());
    Path made = Settings.root().resolve("it/target/REFERENCE.md");
    Files.createDirectories(made.getParent());
    Files.writeString(made, page);
    assertThat(Files.readString(Settings.root().resolve("proto/REFERENCE.md")))
        .as("the contract's comments changed: cp it/target/REFERENCE.md proto/REFERENCE.md")
        .isEqualTo(page);
  }

  @Test
  void theReferencePageHasEveryRpcFieldAndValueWithItsComment()
      throws IOException, InterruptedException {
    String page = ContractReference.of(compiled());
    assertThat(page)
        .contains(
            "`rpc ImportItems(stream ImportItemsRequest) returns (stream ImportItemsResponse)`")
        .contains("| `labels` = 6 | map of string to string | Free labels. At most 64;")
        .contains("| `expected_revision` = 5 | optional int64 |")
        .contains(
            "| `interval` = 2 | `google.protobuf.Duration` | One of `timing`. One backup each")
        .contains("| `BACKUP_STATE_READY` = 2 | Complete and durable; can be read and restored. |");
    Rpcs.all()
        .values()
        .forEach(each -> assertThat(page).contains("\n### " + each.getName() + "\n"));
    assertThat(page.lines().filter(line -> line.matches("\\| `.*\\| *\\|"))).isEmpty();
  }

  @Test
  void whatIsAddedBreaksNoOne() throws IOException, InterruptedException {
    edit("site.proto", "string id = 1;", "string id = 1;\n  // New.\n  string colour = 99;");
    edit(
        "backup.proto",
        "BACKUP_STATE_CANCELED = 5;",
        "BACKUP_STATE_CANCELED = 5;\n  BACKUP_STATE_NEW = 6;");
    assertThat(breaking().output()).isEmpty();
  }

  /** Each of these would break a client that was generated before; the build refuses them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "site.proto | string display_name = 2; | reserved 2;",
        "site.proto | string display_name = 2; | int64 display_name = 2;",
        "site.proto | string display_name = 2; | string display_name = 22;",
        "site.proto | string display_name = 2; | string title = 2;",
        "site.proto | BackupUsage | UsageOfBackup",
        "site.proto | java_package = \"dev.cairn.v1\" | java_package = \"com.example\"",
        "backup.proto | BACKUP_STATE_CANCELED = 5; | BACKUP_STATE_CANCELLED = 5;",
        "site_service.proto | rpc GetSite( | rpc FetchSite(",
        "event_service.proto | returns (stream WatchEventsResponse) | returns (WatchEventsResponse)",
        "item_service.proto | optional int64 expected_revision = 5; | int64 expected_revision = 5;",
      })
  void aBreakingChangeIsRefused(String file, String before, String after)
      throws IOException, InterruptedException {
    edit(file, before, after);
    assertThat(buf("build").output()).as("it compiles nevertheless").isEmpty();
    Outcome outcome = breaking();
    assertThat(outcome.exitCode()).as(outcome.output()).isEqualTo(100);
    assertThat(outcome.output()).contains("cairn/v1/");
  }

  private record Outcome(int exitCode, String output) {}

  private void edit(String file, String before, String after) throws IOException {
    copyContract();
    Path proto = directory.resolve("only/cairn/v1").resolve(file);
    String text = Files.readString(proto);
    assertThat(text).contains(before);
    Files.writeString(proto, text.replace(before, after));
  }

  /** What the build runs, on the copy. */
  private Outcome breaking() throws IOException, InterruptedException {
    Path released = Settings.root().resolve("proto/released.binpb");
    Files.writeString(
        directory.resolve("only/buf.yaml"), "version: v2\nbreaking:\n  use:\n    - FILE\n");
    return buf("breaking", "--against", released.toString());
  }

  /** With the tool that the build checks the contract with, on a copy with nothing around it. */
  private FileDescriptorSet compiled() throws IOException, InterruptedException {
    copyContract();
    Path out = directory.resolve("contract.binpb");
    Outcome outcome = buf("build", "-o", out.toString());
    assertThat(outcome.exitCode()).as(outcome.output()).isZero();
    return FileDescriptorSet.parseFrom(Files.readAllBytes(out));
  }

  private void copyContract() throws IOException {
    try (Stream<Path> files = Files.walk(PROTOS)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".proto")).toList()) {
        Path copy = directory.resolve("only").resolve(PROTOS.relativize(file).toString());
        if (!Files.exists(copy)) {
          Files.createDirectories(copy.getParent());
          Files.copy(file, copy);
        }
      }
    }
  }

  private Outcome buf(String... arguments) throws IOException, InterruptedException {
    Path buf = Path.of(System.getProperty("cairn.buf", "no-buf"));
    assumeThat(buf).as("the build has no buf for this platform").isExecutable();
    List<String> command = new ArrayList<>(List.of(buf.toString()));
    command.addAll(List.of(arguments));
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.resolve("only").toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Outcome(process.exitValue(), Files.readString(output));
  }
}
