package dev.cairn.it.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What to measure, from {@code -Dbench.…}.
 *
 * @param items how many items a site has, one run for each
 * @param sites how many small sites a server has, one run for each
 * @param watchers how many watch one restoration
 * @param only the cases to run; a case runs if the pattern is found in its name
 * @param peers the peers to compare with, in the same way
 * @param repeats how many turns are counted
 * @param warmups how many turns before them are not
 * @param seconds how long a load runs
 * @param serverJar the packaged server
 * @param serverJvm what the server's JVM is given beside its defaults
 * @param peerScripts where the scripts of the peers are
 * @param work where data is kept meanwhile
 * @param out where the results go
 */
record BenchSettings(
    List<Integer> items,
    List<Integer> sites,
    int watchers,
    Pattern only,
    Pattern peers,
    int repeats,
    int warmups,
    int seconds,
    Path serverJar,
    List<String> serverJvm,
    Path peerScripts,
    Path work,
    Path out) {

  static BenchSettings ofSystemProperties() {
    Path target = Path.of(text("bench.out", "it/target/bench")).toAbsolutePath();
    return new BenchSettings(
        numbers("bench.items", "100000"),
        numbers("bench.sites", "1000"),
        number("bench.watchers", 10_000),
        Pattern.compile(text("bench.only", "")),
        Pattern.compile(text("bench.peers", "")),
        number("bench.repeats", 5),
        number("bench.warmups", 2),
        number("bench.seconds", 3),
        Path.of(text("bench.server.jar", "server/target/cairn-server.jar")).toAbsolutePath(),
        words("bench.server.jvm"),
        Path.of(text("bench.peers.scripts", "it/bench/peers")).toAbsolutePath(),
        target.resolve("work"),
        target);
  }

  /** The program of the JVM that runs this. */
  static String java() {
    return Path.of(System.getProperty("java.home", ""), "bin", "java").toString();
  }

  private static String text(String name, String otherwise) {
    String value = System.getProperty(name, "");
    return value.isBlank() ? otherwise : value;
  }

  private static int number(String name, int otherwise) {
    return Integer.parseInt(text(name, Integer.toString(otherwise)));
  }

  private static List<Integer> numbers(String name, String otherwise) {
    return Arrays.stream(text(name, otherwise).split(",", -1)).map(Integer::valueOf).toList();
  }

  private static List<String> words(String name) {
    return Arrays.stream(text(name, "").split(" ", -1)).filter(word -> !word.isEmpty()).toList();
  }
}
