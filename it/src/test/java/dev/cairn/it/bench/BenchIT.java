package dev.cairn.it.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keeps the benchmark from rotting: it runs on a few items; how fast it is does not matter here.
 */
class BenchIT {
  @TempDir Path directory;

  @Test
  void measuresAFewItems() throws Exception {
    Results results =
        Bench.run(
            new BenchSettings(
                List.of(1_000),
                List.of(5),
                20,
                // Making and scheduling many sites takes minutes, whatever their number.
                Pattern.compile("backup|throughput|writes|batches|overload|waits|watchers|large"),
                Pattern.compile("no peer"),
                1,
                0,
                1,
                Path.of(System.getProperty("cairn.server.jar", "")).toAbsolutePath(),
                List.of("-Xmx256m"),
                Path.of("no scripts"),
                directory.resolve("work"),
                directory));

    assertThat(results.figures()).allSatisfy((what, figure) -> assertThat(figure).isPositive());
    assertThat(results.figures().keySet())
        .contains(
            "backup to READY, cairn",
            "backup to READY, limit: checkpoint",
            "import, cairn",
            "export, limit: empty gRPC stream",
            "durable writes, 64 callers, cairn",
            "durable writes in batches of 100, 16 callers, cairn",
            "reads of single items, 64 callers, limit: get by as many threads",
            "write while a backup is made, p99, cairn",
            "accepted writes, 4x load, p99, cairn",
            "longest write in a restore, cairn",
            "restore of one large collection, limit: full restore of its site");
    assertThat(directory.resolve("bench.json")).content().contains("\"cairn_to\"");
    assertThat(Files.readAllLines(directory.resolve("bench.md")))
        .filteredOn(line -> line.startsWith("| backup to READY, ms | 1000 |"))
        .hasSize(1);
    assertThat(directory.resolve("work")).doesNotExist();
  }
}
