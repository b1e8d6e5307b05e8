package dev.cairn.server.telemetry;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;

/** What the process itself uses, by the names that dashboards for Prometheus know. */
public final class JvmMetrics {
  private static final double MILLIS = 1e3;
  private static final double NANOS = 1e9;

  private JvmMetrics() {}

  public static void register(Telemetry telemetry) {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    telemetry.gauges(
        "jvm_memory_used_bytes",
        "Memory that the Java heap and what belongs to it use.",
        "area",
        each -> {
          each.accept((double) memory.getHeapMemoryUsage().getUsed(), "heap");
          each.accept((double) memory.getNonHeapMemoryUsage().getUsed(), "nonheap");
        });
    telemetry.gauge(
        "jvm_memory_max_bytes",
        "How large the Java heap may become.",
        () -> memory.getHeapMemoryUsage().getMax());
    telemetry.total(
        "jvm_gc_seconds_total",
        "Time spent on garbage collection.",
        () ->
            ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                    .sum()
                / MILLIS);
    telemetry.gauge(
        "jvm_threads",
        "Threads that live.",
        () -> ManagementFactory.getThreadMXBean().getThreadCount());
    telemetry.gauge(
        "process_start_time_seconds",
        "When the process started, since the epoch.",
        () -> ManagementFactory.getRuntimeMXBean().getStartTime() / MILLIS);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
      telemetry.total(
          "process_cpu_seconds_total",
          "Processor time used.",
          () -> unix.getProcessCpuTime() / NANOS);
      telemetry.gauge("process_open_fds", "File handles in use.", unix::getOpenFileDescriptorCount);
      telemetry.gauge(
          "process_max_fds", "File handles that may be used.", unix::getMaxFileDescriptorCount);
    }
  }
}
