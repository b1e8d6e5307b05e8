package dev.cairn.it.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** All samples of a run, and what is written about them. Confined to one thread. */
final class Results {
  static final String CAIRN = "cairn";

  /** Prefix of the subjects that nobody can be faster than. */
  static final String LIMIT = "limit: ";

  private final Map<Key, Series> table = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  private record Key(Work work, int size) {}

  /** The samples of each subject; those with the same index were taken in the same turn. */
  private static final class Series {
    private final Map<String, List<Double>> samples = new LinkedHashMap<>();
    private final List<Double> loads = new ArrayList<>();
  }

  /**
   * Keeps one sample.
   *
   * @param size how many items, sites or watchers the work was done with
   */
  void add(Work work, int size, String subject, double value) {
    Series series = table.computeIfAbsent(new Key(work, size), key -> new Series());
    series.samples.computeIfAbsent(subject, name -> new ArrayList<>()).add(value);
    series.loads.add(loadAverage());
    System.out.printf(
        Locale.ROOT,
        "%-44s %9d  %-28s %14.3f %-3s load %.1f%n",
        work.name(),
        size,
        subject,
        value,
        work.unit().symbol(),
        loadAverage());
  }

  /** Something that whoever reads the figures should know. */
  void note(String note) {
    System.out.println("note: " + note);
    if (!notes.contains(note)) {
      notes.add(note);
    }
  }

  boolean isEmpty() {
    return table.isEmpty();
  }

  private static double loadAverage() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }

  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** The value that all but one in a hundred do not exceed. */
  static double percentile99(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(Math.min(sorted.size() - 1, (int) (sorted.size() * 0.99)));
  }

  /** The median of the turns' ratios: a busy moment hits both of a turn. */
  private static double ratio(List<Double> cairn, List<Double> other) {
    return median(
        IntStream.range(0, Math.min(cairn.size(), other.size()))
            .mapToObj(i -> cairn.get(i) / other.get(i))
            .toList());
  }

  /** Writes {@code bench.json} and {@code bench.md}. */
  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("bench.md"), markdown());
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(directory.resolve("bench.json").toFile(), json());
  }

  private Map<String, Object> json() {
    List<Object> works = new ArrayList<>();
    table.forEach(
        (key, series) -> {
          Map<String, Object> medians = new LinkedHashMap<>();
          Map<String, Object> ratios = new LinkedHashMap<>();
          List<Double> cairn = series.samples.getOrDefault(CAIRN, List.of());
          series.samples.forEach(
              (subject, samples) -> {
                medians.put(subject, median(samples));
                if (!subject.equals(CAIRN) && !cairn.isEmpty()) {
                  ratios.put(subject, ratio(cairn, samples));
                }
              });
          Map<String, Object> work = new LinkedHashMap<>();
          work.put("work", key.work().name());
          work.put("size", key.size());
          work.put("unit", key.work().unit().symbol());
          work.put("target", key.work().target());
          work.put("medians", medians);
          work.put("cairn_to", ratios);
          work.put("load_average", median(series.loads));
          work.put("samples", series.samples);
          works.add(work);
        });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    json.put("machine", Machine.describe());
    json.put("notes", notes);
    json.put("growth", growth());
    json.put("works", works);
    return json;
  }

  private String markdown() {
    StringBuilder text = new StringBuilder("# Benchmark\n\n");
    Machine.describe()
        .forEach(
            (name, value) ->
                text.append("- ").append(name).append(": ").append(value).append('\n'));
    text.append(
        """

        Medians. A ratio is Cairn's figure over the other's, the median over the turns; less is better for times
        and sizes, more for rates.

        | work | size | Cairn | limit | ratio | target | peers (ratio) | load |
        | --- | ---: | ---: | --- | --- | --- | --- | ---: |
        """);
    table.forEach((key, series) -> text.append(row(key, series)));
    if (!growth().isEmpty()) {
      text.append("\n## Growth\n\n| work | exponent of the size |\n| --- | ---: |\n");
      growth()
          .forEach(
              (work, exponent) ->
                  text.append(String.format(Locale.ROOT, "| %s | %.2f |%n", work, exponent)));
    }
    if (!notes.isEmpty()) {
      text.append("\n## Notes\n\n");
      notes.forEach(note -> text.append("- ").append(note).append('\n'));
    }
    return text.toString();
  }

  private static String row(Key key, Series series) {
    List<Double> cairn = series.samples.getOrDefault(CAIRN, List.of());
    List<String> limits = new ArrayList<>();
    List<String> ratios = new ArrayList<>();
    List<String> peers = new ArrayList<>();
    series.samples.forEach(
        (subject, samples) -> {
          if (subject.equals(CAIRN)) {
            return;
          }
          String figure = figure(median(samples));
          String ratio =
              cairn.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", ratio(cairn, samples));
          if (subject.startsWith(LIMIT)) {
            limits.add(subject.substring(LIMIT.length()) + " " + figure);
            ratios.add(ratio);
          } else {
            peers.add(subject + " " + figure + " (" + ratio + ")");
          }
        });
    return String.format(
        Locale.ROOT,
        "| %s, %s | %d | %s | %s | %s | %s | %s | %.1f |%n",
        key.work().name(),
        key.work().unit().symbol(),
        key.size(),
        cairn.isEmpty() ? "" : figure(median(cairn)),
        String.join("; ", limits),
        String.join("; ", ratios),
        key.work().target(),
        String.join("; ", peers),
        median(series.loads));
  }

  private static String figure(double value) {
    return value >= 100
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3g", value);
  }

  /** How Cairn's times grow with the size: the slope of a line through their logarithms. */
  private Map<String, Double> growth() {
    Map<String, Map<Double, Double>> points = new LinkedHashMap<>();
    table.forEach(
        (key, series) -> {
          List<Double> cairn = series.samples.get(CAIRN);
          if (cairn != null && key.work().unit() == Work.Unit.MILLISECONDS) {
            points
                .computeIfAbsent(key.work().name(), name -> new LinkedHashMap<>())
                .put(Math.log(key.size()), Math.log(median(cairn)));
          }
        });
    points.values().removeIf(each -> each.size() < 2);
    Map<String, Double> slopes = new LinkedHashMap<>();
    points.forEach((work, each) -> slopes.put(work, slope(each)));
    return slopes;
  }

  private static double slope(Map<Double, Double> points) {
    double meanX = points.keySet().stream().mapToDouble(x -> x).average().orElseThrow();
    double meanY = points.values().stream().mapToDouble(y -> y).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (Map.Entry<Double, Double> point : points.entrySet()) {
      covariance += (point.getKey() - meanX) * (point.getValue() - meanY);
      variance += (point.getKey() - meanX) * (point.getKey() - meanX);
    }
    return covariance / variance;
  }

  /** The median of every work and subject, whatever the size; the last size wins. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    table.forEach(
        (key, series) ->
            series.samples.forEach(
                (subject, samples) ->
                    figures.put(key.work().name() + ", " + subject, median(samples))));
    return figures;
  }
}
