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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /** With the tool that the build checks the contract with, on a copy with nothing around it. */
  private FileDescriptorSet compiled() throws IOException, InterruptedException {
    Path buf = Path.of(System.getProperty("cairn.buf", "no-buf"));
    assumeThat(buf).as("the build has no buf for this platform").isExecutable();
    try (Stream<Path> files = Files.walk(PROTOS)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".proto")).toList()) {
        Path copy = directory.resolve("only").resolve(PROTOS.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    Path out = directory.resolve("contract.binpb");
    Process process =
        new ProcessBuilder(List.of(buf.toString(), "build", "-o", out.toString()))
            .directory(directory.resolve("only").toFile())
            .inheritIO()
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    return FileDescriptorSet.parseFrom(Files.readAllBytes(out));
  }
}
