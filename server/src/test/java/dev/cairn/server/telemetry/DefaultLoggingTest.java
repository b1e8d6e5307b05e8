package dev.cairn.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DefaultLoggingTest {
  private final LoggerContext context = new LoggerContext();

  @BeforeEach
  void configure() {
    DefaultLogging.configureHere(context);
  }

  @AfterEach
  void stop() {
    context.stop();
  }

  @Test
  void logbackFindsIt() {
    assertThat(ServiceLoader.load(Configurator.class))
        .hasAtLeastOneElementOfType(DefaultLogging.class);
  }

  @Test
  void aFileGoesFirst() {
    LoggerContext other = new LoggerContext();

    assertThat(new DefaultLogging().configure(other))
        .as("tests have a logback-test.xml")
        .isEqualTo(ExecutionStatus.INVOKE_NEXT_IF_ANY);
    assertThat(other.getLogger(Logger.ROOT_LOGGER_NAME).iteratorForAppenders()).isExhausted();
  }

  @Test
  void anEventIsOneLineWithWhatNamesIt() {
    assertThat(line("backup made\nsite=forged", Map.of("call", "c-1", "trace", "t-1"), null))
        .isEqualTo(
            "2026-11-22T08:30:00.250Z level=INFO thread=worker-1 logger=BackupJob call=c-1"
                + " trace=t-1 backup made site=forged \n");
    assertThat(line("idle", Map.of(), null)).contains(" call=- idle ").doesNotContain("trace=");
  }

  @Test
  void aStackTraceIsPartOfTheLine() {
    String line = line("failed", Map.of(), new IllegalStateException("on\npurpose"));

    assertThat(line).contains(" failed java.lang.IllegalStateException: on | purpose | at ");
    assertThat(line.strip()).doesNotContain("\n");
  }

  @Test
  void librariesAreQuietAndTheAuditLogIsNot() {
    assertThat(level("io.grpc.internal")).isEqualTo(Level.WARN);
    assertThat(level("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler"))
        .isEqualTo(Level.ERROR);
    assertThat(level(AuditLine.LOGGER)).isEqualTo(Level.INFO);
    assertThat(level("dev.cairn.server.backup")).isEqualTo(Level.INFO);
  }

  private Level level(String logger) {
    return context.getLogger(logger).getEffectiveLevel();
  }

  private String line(String message, Map<String, String> named, @Nullable Throwable thrown) {
    Logger logger = context.getLogger("dev.cairn.server.backup.BackupJob");
    LoggingEvent event =
        new LoggingEvent(getClass().getName(), logger, Level.INFO, message, thrown, null);
    event.setInstant(Instant.parse("2026-11-22T08:30:00.250Z"));
    event.setThreadName("worker-1");
    event.setMDCPropertyMap(named);
    ConsoleAppender<ILoggingEvent> stderr =
        (ConsoleAppender<ILoggingEvent>)
            context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("stderr");
    assertThat(stderr.getTarget()).isEqualTo("System.err");
    return new String(stderr.getEncoder().encode(event), StandardCharsets.UTF_8);
  }
}
