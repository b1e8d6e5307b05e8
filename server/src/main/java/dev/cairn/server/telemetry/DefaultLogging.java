package dev.cairn.server.telemetry;

import ch.qos.logback.classic.ClassicConstants;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;

/**
 * How the server logs unless a file says otherwise: one line an event, to stderr. Logback finds it
 * as a service and asks it before it looks for a file; the property {@code
 * logback.configurationFile}, {@code logback-test.xml} and {@code logback.xml} go first
 * nevertheless.
 *
 * <p>In code, because reading the same from XML was a seventh of the time in which an empty server
 * starts.
 */
public final class DefaultLogging extends ContextAwareBase implements Configurator {
  /** One line an event, stack traces included. */
  private static final String PATTERN =
      "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\",UTC} level=%level thread=%thread logger=%logger{0}"
          + " call=%X{call:--}%replace( trace=%X{trace:-}){' trace=$',''}"
          + " %replace(%msg){'[\\r\\n]+',' '}%replace( %ex){'[\\r\\n]+\\s*',' | '}%nopex%n";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (hasFile()) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    configureHere(context);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static boolean hasFile() {
    ClassLoader classes = DefaultLogging.class.getClassLoader();
    return System.getProperty(ClassicConstants.CONFIG_FILE_PROPERTY) != null
        || classes.getResource(ClassicConstants.TEST_AUTOCONFIG_FILE) != null
        || classes.getResource(ClassicConstants.AUTOCONFIG_FILE) != null;
  }

  static void configureHere(LoggerContext context) {
    // So that java.util.logging does not even make lines that nobody reads.
    LevelChangePropagator propagator = new LevelChangePropagator();
    propagator.setResetJUL(true);
    propagator.setContext(context);
    propagator.start();
    context.addListener(propagator);

    level(context, "io.grpc", Level.WARN);
    // A stack trace for each frame that breaks the rules: whoever can connect could fill the disk
    // with them.
    level(context, "io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler", Level.ERROR);
    level(context, AuditLine.LOGGER, Level.INFO); // also when the root says less
    level(context, Logger.ROOT_LOGGER_NAME, Level.INFO);
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(stderr(context));
  }

  private static void level(LoggerContext context, String logger, Level level) {
    context.getLogger(logger).setLevel(level);
  }

  private static ConsoleAppender<ILoggingEvent> stderr(LoggerContext context) {
    ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
    stderr.setContext(context);
    stderr.setName("stderr");
    stderr.setTarget("System.err");
    stderr.setEncoder(encoder(context, PATTERN));
    stderr.start();
    return stderr;
  }

  /** Makes a line of each event, in UTF-8. */
  static PatternLayoutEncoder encoder(LoggerContext context, String pattern) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setPattern(pattern);
    encoder.start();
    return encoder;
  }
}
