package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Keeps the benchmarks from rotting: each runs twice, on a few items, in this process; how fast it
 * is does not matter here.
 */
class BenchmarksTest {
  private static final int TURNS = 2;

  @TempDir Path directory;

  @Test
  void eachMeasuresSomething() throws Exception {
    // Another build on this machine is welcome to do the same now; the lock is for who measures.
    System.setProperty("jmh.ignoreLock", "true");
    Options once =
        new OptionsBuilder()
            .mode(Mode.SingleShotTime)
            .forks(0)
            .warmupIterations(0)
            .measurementIterations(1)
            .param("items", "1000")
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();

    Collection<RunResult> results = Benchmarks.run(once, TURNS);

    assertThat(results)
        .allSatisfy(
            result -> {
              assertThat(result.getPrimaryResult().getScore()).isPositive();
              assertThat(result.getPrimaryResult().getSampleCount()).isEqualTo(TURNS);
            });
    assertThat(results.stream().map(BenchmarksTest::className).collect(Collectors.toSet()))
        .isEqualTo(benchmarkClasses());
    Path file = directory.resolve("jmh/jmh.json");
    Benchmarks.write(results, file);
    assertThat(new JsonMapper().readTree(file.toFile())).hasSameSizeAs(results);
  }

  private static String className(RunResult result) {
    String benchmark = result.getParams().getBenchmark();
    return benchmark.substring(0, benchmark.lastIndexOf('.'));
  }

  /** Those that were compiled, whether code was generated for them or not. */
  private static Set<String> benchmarkClasses() throws IOException, URISyntaxException {
    Path classes =
        Path.of(BenchmarksTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(classes)) {
      return files
          .map(file -> classes.relativize(file).toString())
          .filter(file -> file.endsWith("Benchmark.class"))
          .map(file -> file.replace(".class", "").replace('/', '.'))
          .collect(Collectors.toSet());
    }
  }
}
