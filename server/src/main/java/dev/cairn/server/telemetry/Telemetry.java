package dev.cairn.server.telemetry;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * The numbers that a server shows, each with a name, a unit and a help text. Names are those that
 * dashboards and alerts are made of: they are part of what operators rely on.
 *
 * <p>Labels have few values that are known beforehand: never a site, an item or anything else that
 * a caller chooses. Thread-safe; counting costs some ten nanoseconds.
 */
public final class Telemetry {
  /** From what an item takes to what a page of a large scan takes. */
  private static final double[] CALL_SECONDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.035, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5,
    10, 30
  };

  private static final double[] JOB_SECONDS = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600
  };

  private static final double NANOS = 1e9;

  private final PrometheusRegistry registry = new PrometheusRegistry();

  /** What happened so far. */
  public interface Tally {
    /** One more. */
    void add(String... labels);
  }

  /** How long things took. */
  public interface Timing {
    void took(Duration time, String... labels);
  }

  /** Something that is counted as it happens. */
  public Tally tally(String name, String help, String... labels) {
    Counter counter = Counter.builder().name(name).help(help).labelNames(labels).register(registry);
    return values -> counter.labelValues(values).inc();
  }

  /** Durations of calls. */
  public Timing callTiming(String name, String help, String... labels) {
    return timing(CALL_SECONDS, name, help, labels);
  }

  /** Durations of jobs in the background. */
  public Timing jobTiming(String name, String help, String... labels) {
    return timing(JOB_SECONDS, name, help, labels);
  }

  private Timing timing(double[] bounds, String name, String help, String... labels) {
    Histogram histogram =
        Histogram.builder()
            .name(name)
            .help(help)
            .labelNames(labels)
            .classicOnly()
            .classicUpperBounds(bounds)
            .register(registry);
    return (time, values) -> histogram.labelValues(values).observe(time.toNanos() / NANOS);
  }

  /** A number that is asked for when it is read; has to answer at once. */
  public void gauge(String name, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call(value.getAsDouble()))
        .register(registry);
  }

  /**
   * Numbers that are asked for when they are read, one for each value of a label.
   *
   * @param values given what takes a number and the label's value
   */
  public void gauges(
      String name, String help, String label, Consumer<BiConsumer<Double, String>> values) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(label)
        .callback(callback -> values.accept((value, labelled) -> callback.call(value, labelled)))
        .register(registry);
  }

  /** A number that only grows and is counted elsewhere. */
  public void total(String name, String help, DoubleSupplier value) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call(value.getAsDouble()))
        .register(registry);
  }

  /** Writes all numbers in Prometheus' text form. */
  void write(OutputStream out) throws IOException {
    PrometheusTextFormatWriter.create().write(out, registry.scrape(), EscapingScheme.DEFAULT);
  }

  /** What {@link #write} writes is of this type. */
  static String contentType() {
    return PrometheusTextFormatWriter.CONTENT_TYPE;
  }
}
