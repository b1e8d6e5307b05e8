package dev.cairn.server.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.LoggerFactory;

/**
 * A file for the audit log alone; its lines are then not among the others. It only grows: whoever
 * rotates it copies and truncates it, or restarts the server.
 *
 * <p>For the whole process. Closing it brings the lines back to the other ones.
 */
public final class AuditFile implements AutoCloseable {
  private static final String PATTERN =
      "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\",UTC} %replace(%msg){'[\\r\\n]+',' '}%nopex%n";

  private final Logger logger;
  private final FileAppender<ILoggingEvent> appender;

  /**
   * Writes to it from now on.
   *
   * @throws IOException when it cannot be written
   */
  public AuditFile(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Files.newByteChannel(target, StandardOpenOption.CREATE, StandardOpenOption.APPEND).close();
    logger = (Logger) LoggerFactory.getLogger(AuditLine.LOGGER);
    LoggerContext context = logger.getLoggerContext();
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setCharset(UTF_8);
    encoder.setPattern(PATTERN);
    encoder.start();
    appender = new FileAppender<>();
    appender.setContext(context);
    appender.setName("audit");
    appender.setFile(target.toString());
    appender.setAppend(true);
    appender.setEncoder(encoder);
    appender.start();
    logger.setLevel(Level.INFO); // whatever others may say
    logger.addAppender(appender);
    logger.setAdditive(false);
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.detachAppender(appender);
    appender.stop();
  }
}
