package dev.cairn.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is in {@code server/src/main/dist}: the launcher, the unit, the slim jar and the image. */
class DistributionIT {
  private static final Path DIST = Settings.root().resolve("server/src/main/dist");
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration STOP = Duration.ofMinutes(1);

  /** How the JVM names the archive of the application's classes as a class's source. */
  private static final String FROM_THE_ARCHIVE = "shared objects file (top)";

  @RegisterExtension final Servers servers = new Servers();
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  // The launcher

  @Test
  void theLauncherMakesAnArchiveOnceAndStartsFromItAfterwards() throws IOException {
    Path directory = installed();
    Path cache = directory.resolve("the cache");

    try (Launched first = launch(directory, cache)) {
      first.stop();
    }
    List<Path> made = files(cache.resolve("cairn"));
    assertThat(made).hasSize(1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.get(0))))
        .endsWith("------");

    try (Launched second = launch(directory, cache)) {
      assertThat(second.classes()).contains(FROM_THE_ARCHIVE);
      second.stop();
    }
    assertThat(files(cache.resolve("cairn"))).isEqualTo(made);
  }

  @Test
  void theLauncherTrustsNoArchiveThatOthersMayHaveWrittenAndLeavesNoneThere() throws IOException {
    Path directory = installed();
    Path cache = directory.resolve("the cache");
    Path shared = Files.createDirectories(cache.resolve("cairn"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));

    try (Launched open = launch(directory, cache)) {
      open.stop();
    }
    assertThat(files(shared)).isEmpty();

    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwx------"));
    try (Launched closed = launch(directory, cache)) {
      closed.stop();
    }
    assertThat(files(shared)).hasSize(1);
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    try (Launched opened = launch(directory, cache)) {
      assertThat(opened.classes()).doesNotContain(FROM_THE_ARCHIVE);
      opened.stop();
    }
  }

  @Test
  void theLauncherMakesNothingForWhatEndsAtOnce() throws IOException, InterruptedException {
    Path directory = installed();
    ProcessBuilder version =
        new ProcessBuilder(directory.resolve("cairn-server").toString(), "--version");
    version.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    assertThat(run(version)).startsWith("cairn-server ");
    assertThat(directory.resolve("cache")).doesNotExist();
  }

  // The unit

  @Test
  void systemdUnderstandsTheUnit() throws IOException, InterruptedException {
    assumeThat(Path.of("/usr/bin/systemd-analyze")).as("systemd is not installed").isExecutable();
    String unit = Files.readString(DIST.resolve("cairn-server.service"));
    assertThat(unit).contains("/usr/lib/cairn/cairn-server ");
    Path file = servers.directory().resolve("cairn-server.service");
    // The program that it names has to be there.
    Files.writeString(
        file,
        unit.replace("/usr/lib/cairn/cairn-server ", DIST.resolve("cairn-server") + " ")
            .replace("User=cairn", "User=root")
            .replace("Group=cairn", "Group=root"));
    assertThat(run(new ProcessBuilder("systemd-analyze", "verify", file.toString()))).isEmpty();

    // A word that systemd does not know is told, and not taken for nothing.
    Files.writeString(
        file, Files.readString(file).replace("\nExecStart=", "\nExecBegin=x\nExecStart="));
    assertThat(run(new ProcessBuilder("systemd-analyze", "verify", file.toString())))
        .contains("ExecBegin");
  }

  // The slim jar

  @Test
  void aSlimJarCarriesOnePlatformAndStarts() throws IOException, InterruptedException {
    assumeThat(Settings.java().resolveSibling("jar")).as("this is no JDK").isExecutable();
    Path slim = servers.directory().resolve("slim.jar");
    run(program("slim", Settings.serverJar().toString(), slim.toString()));

    assertThat(natives(Settings.serverJar())).hasSize(10);
    assertThat(natives(slim)).hasSizeBetween(2, 3);
    assertThat(Files.size(slim)).isLessThan(Files.size(Settings.serverJar()) * 2 / 3);
    try (Launched server =
        new Launched(
            servers.directory(),
            new ProcessBuilder(Settings.java().toString(), "-jar", slim.toString()))) {
      server.takesABackup();
      server.stop();
    }

    Path other = servers.directory().resolve("other.jar");
    run(program("slim", Settings.serverJar().toString(), other.toString(), "osx-aarch_64"));
    assertThat(natives(other)).allMatch(name -> name.contains("osx")).hasSize(2);
  }

  // The image

  @Test
  void theImageIsWhatItsDigestsSayAndStarts() throws IOException, InterruptedException {
    assumeThat(System.getProperty("os.name")).isEqualTo("Linux");
    assumeThat(Settings.java().resolveSibling("jlink")).as("this is no JDK").isExecutable();
    Path directory = servers.directory();
    Path file = directory.resolve("image.tar");
    run(program("image", Settings.serverJar().toString(), file.toString()));

    Path layout = Files.createDirectory(directory.resolve("layout"));
    run(new ProcessBuilder("tar", "-xf", file.toString(), "-C", layout.toString()));
    JsonNode manifest = json(blob(layout, json(layout.resolve("index.json")).at("/manifests/0")));
    JsonNode config = json(blob(layout, manifest.get("config")));
    assertThat(config.at("/config/User").asText()).isEqualTo("65532:65532");
    assertThat(manifest.get("layers")).hasSameSizeAs(config.at("/rootfs/diff_ids")).isNotEmpty();
    Path root = Files.createDirectory(directory.resolve("root"));
    for (int i = 0; i < manifest.get("layers").size(); i++) {
      Path layer = blob(layout, manifest.get("layers").get(i));
      try (InputStream unpacked = new GZIPInputStream(Files.newInputStream(layer))) {
        assertThat("sha256:" + sha256(unpacked))
            .isEqualTo(config.at("/rootfs/diff_ids/" + i).asText());
      }
      run(new ProcessBuilder("tar", "-xzpf", layer.toString(), "-C", root.toString()));
    }
    assertThatOneWrongBitIsSeen(layout, manifest.get("config"));
    assumeThat(System.getProperty("user.name"))
        .as("only root may change the root")
        .isEqualTo("root");
    starts(root, config.get("config"));
  }

  /** Or the digests above would say nothing. */
  private static void assertThatOneWrongBitIsSeen(Path layout, JsonNode descriptor)
      throws IOException {
    Path file = blob(layout, descriptor);
    byte[] whole = Files.readAllBytes(file);
    byte[] damaged = whole.clone();
    damaged[whole.length / 2] ^= 1;
    Files.write(file, damaged);
    assertThatThrownBy(() -> blob(layout, descriptor)).isInstanceOf(AssertionError.class);
    Files.write(file, whole);
  }

  /**
   * As an engine would: its own root, which is a mount as Java wants it for the room on a disk, its
   * own user, working directory, variables, and nothing else.
   */
  private void starts(Path root, JsonNode config) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-euc",
                "mount --bind \"$1\" \"$1\"; cd /; mkdir \"$1/proc\" \"$1/dev\"; mount -t proc proc \"$1/proc\";"
                    + " mount --rbind /dev \"$1/dev\"; root=$1; directory=$2; shift 2;"
                    + " exec unshare --root=\"$root\" --wd=\"$directory\" --setgid=65532"
                    + " --setuid=65532 \"$@\"",
                "sh",
                root.toString(),
                config.get("WorkingDir").asText()));
    config.get("Entrypoint").forEach(word -> command.add(word.asText()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    config
        .get("Env")
        .forEach(
            variable -> {
              String[] pair = variable.asText().split("=", 2);
              builder.environment().put(pair[0], pair[1]);
            });
    // Beyond loopback it would ask for TLS and tokens.
    builder.environment().put("CAIRN_LISTEN_ADDRESS", "127.0.0.1");
    builder.environment().put("CAIRN_LISTEN_PORT", "0");
    builder.environment().put("CAIRN_LISTEN_PORT_FILE", "/tmp/port");
    builder.environment().put("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=/tmp/classes");
    try (Launched server = new Launched(builder, root.resolve("tmp/port"), root.resolve("log"))) {
      server.takesABackup();
      server.stop();
    }
    assertThat(Files.readString(root.resolve("tmp/classes"))).contains(FROM_THE_ARCHIVE);
    assertThat(files(root.resolve("var/lib/cairn"))).isNotEmpty();
  }

  // What they have in common

  /** The launcher and the jar beside each other, in a directory whose name is no good one. */
  private Path installed() throws IOException {
    Path directory = Files.createDirectories(servers.directory().resolve("a b"));
    Files.createSymbolicLink(directory.resolve("cairn-server.jar"), Settings.serverJar());
    Files.copy(
        DIST.resolve("cairn-server"),
        directory.resolve("cairn-server"),
        java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    return directory;
  }

  private Launched launch(Path directory, Path cache) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(directory.resolve("cairn-server").toString());
    builder.environment().put("XDG_CACHE_HOME", cache.toString());
    // What the real configuration says is not for the run that makes the archive.
    builder.environment().put("CAIRN_LIMITS_PAGE_SIZE", "77");
    Path classes = directory.resolve("classes");
    builder.environment().put("JDK_JAVA_OPTIONS", "\"-Xlog:class+load:file=" + classes + "\"");
    return new Launched(directory, builder);
  }

  /** A server that was started by other means than the other tests'. */
  private final class Launched implements AutoCloseable {
    private final Process process;
    private final Path log;
    private final Path portFile;

    Launched(Path directory, ProcessBuilder builder) throws IOException {
      this(
          arguments(
              builder,
              "--data.directory=" + directory.resolve("data"),
              "--listen.port=0",
              "--listen.port-file=" + directory.resolve("port"),
              "--disk.reserve=0"),
          directory.resolve("port"),
          directory.resolve("log"));
    }

    Launched(ProcessBuilder builder, Path portFile, Path log) throws IOException {
      this.log = log;
      this.portFile = portFile;
      Files.deleteIfExists(portFile);
      builder.environment().remove("JAVA_HOME");
      builder
          .environment()
          .merge("PATH", Settings.java().getParent() + ":", (path, java) -> java + path);
      process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      started.add(process);
      Wait.until(
          "the server writes its port file",
          START,
          () -> {
            assertThat(process.isAlive()).as("%s", this).isTrue();
            return portFile.toFile().length() > 0;
          });
    }

    private static ProcessBuilder arguments(ProcessBuilder builder, String... arguments) {
      builder.command().addAll(List.of(arguments));
      return builder;
    }

    void takesABackup() throws IOException {
      String port = Files.readString(portFile).strip();
      try (Cairn cairn = Cairn.connect("127.0.0.1:" + port)) {
        cairn.createSite("shop", List.of("products"));
        cairn.save("shop", "products", "a", "{}");
        assertThat(cairn.verifiedBackup("shop").getItemCount()).isEqualTo(1);
      }
    }

    String classes() throws IOException {
      return Files.readString(log.resolveSibling("classes"));
    }

    void stop() {
      process.destroy();
      try {
        assertThat(process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)).as("%s", this).isTrue();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
      assertThat(process.exitValue()).as("%s", this).isEqualTo(143);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }

    @Override
    public String toString() {
      try {
        return Files.readString(log);
      } catch (IOException e) {
        return "no log: " + e;
      }
    }
  }

  private static ProcessBuilder program(String name, String... arguments) {
    List<String> command = new ArrayList<>(List.of(DIST.resolve(name).toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", Settings.java().resolve("../..").normalize().toString());
    return builder;
  }

  /** Runs it to its end, which must be a good one; answers what it said. */
  private String run(ProcessBuilder builder) throws IOException, InterruptedException {
    Path said = Files.createTempFile(servers.directory(), "said", ".log");
    Process process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    started.add(process);
    boolean ended = process.waitFor(8, TimeUnit.MINUTES);
    String text = Files.readString(said);
    assertThat(ended).as(text).isTrue();
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }

  private static List<String> natives(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      return zip.stream()
          .map(Object::toString)
          .filter(name -> name.endsWith(".so") || name.endsWith(".jnilib"))
          .toList();
    }
  }

  /** A part of the layout, once its size and digest are as they should be. */
  private static Path blob(Path layout, JsonNode descriptor) throws IOException {
    String digest = descriptor.get("digest").asText().replaceFirst("^sha256:", "");
    Path file = layout.resolve("blobs/sha256").resolve(digest);
    assertThat(file).hasSize(descriptor.get("size").asLong());
    try (InputStream in = Files.newInputStream(file)) {
      assertThat(sha256(in)).isEqualTo(digest);
    }
    return file;
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readString(file, UTF_8));
  }

  private static String sha256(InputStream in) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
