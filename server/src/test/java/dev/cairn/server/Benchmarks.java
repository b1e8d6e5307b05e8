package dev.cairn.server;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;

/**
 * Runs the benchmarks of what lives inside the process, as {@code it/README.md} says. All of them
 * take turns, each time in a process of its own: a busy minute of the machine then hits both sides
 * of a comparison, where JMH alone would be done with one before it begins with the other.
 */
final class Benchmarks {
  private Benchmarks() {}

  /**
   * Takes JMH's options. {@code -Djmh.turns} says how many turns there are, and {@code -Djmh.out}
   * where the results go, as JSON; the table is printed, and the median of each benchmark's turns.
   */
  public static void main(String[] arguments) throws Exception {
    Collection<RunResult> results =
        run(new CommandLineOptions(arguments), Integer.getInteger("jmh.turns", 3));
    ResultFormatFactory.getInstance(ResultFormatType.TEXT, System.out).writeOut(results);
    System.out.println("medians of the turns, which a busy moment leaves alone:");
    results.forEach(
        result ->
            System.out.printf(
                "%,14.1f %s  %s%n",
                median(result), result.getPrimaryResult().getScoreUnit(), result.getParams().id()));
    Path out = Path.of(System.getProperty("jmh.out", "jmh.json")).toAbsolutePath();
    write(results, out);
    System.out.println("results in " + out);
  }

  /** What {@code turns} runs measured, each as if it were one more fork. */
  static Collection<RunResult> run(Options options, int turns) throws RunnerException {
    Map<String, BenchmarkParams> benchmarks = new TreeMap<>();
    Map<String, List<BenchmarkResult>> measured = new TreeMap<>();
    for (int turn = 0; turn < turns; turn++) {
      for (RunResult result : new Runner(options).run()) {
        String id = result.getParams().id();
        benchmarks.put(id, result.getParams());
        measured
            .computeIfAbsent(id, each -> new ArrayList<>())
            .addAll(result.getBenchmarkResults());
      }
    }
    List<RunResult> results = new ArrayList<>();
    benchmarks.forEach(
        (id, params) -> results.add(new RunResult(params, measured.getOrDefault(id, List.of()))));
    return results;
  }

  private static double median(RunResult result) {
    double[] turns =
        result.getBenchmarkResults().stream()
            .mapToDouble(turn -> turn.getPrimaryResult().getScore())
            .sorted()
            .toArray();
    return turns[turns.length / 2];
  }

  static void write(Collection<RunResult> results, Path file) throws IOException {
    Files.createDirectories(file.resolveSibling(""));
    try (PrintStream out = new PrintStream(file.toFile(), StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
    }
  }
}
