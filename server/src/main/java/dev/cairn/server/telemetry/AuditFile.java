package dev.cairn.server.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A file for the audit log alone; its lines are then not among the others. It only grows: whoever
 * rotates it renames it, and a new one is begun at the next {@link #look}; or copies and truncates
 * it, which loses what is written between the two.
 *
 * <p>For the whole process. Closing it brings the lines back to the other ones.
 */
public final class AuditFile implements AutoCloseable {
  private static final String PATTERN =
      "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\",UTC} %replace(%msg){'[\\r\\n]+',' '}%nopex%n";

  private static final org.slf4j.Logger log = LoggerFactory.getLogger(AuditFile.class);

  private final Path target;
  private final Logger logger;
  private final FileAppender<ILoggingEvent> appender;

  /** The file that is written to, whatever its name may be by now; only touched by who looks. */
  private Object opened;

  /**
   * Writes to it from now on.
   *
   * @throws IOException when it cannot be written
   */
  public AuditFile(Path file) throws IOException {
    target = file.toAbsolutePath();
    Files.newByteChannel(target, StandardOpenOption.CREATE, StandardOpenOption.APPEND).close();
    logger = (Logger) LoggerFactory.getLogger(AuditLine.LOGGER);
    LoggerContext context = logger.getLoggerContext();
    appender = new FileAppender<>();
    appender.setContext(context);
    appender.setName("audit");
    appender.setFile(target.toString());
    appender.setAppend(true);
    appender.setEncoder(DefaultLogging.encoder(context, PATTERN));
    appender.start();
    opened = identity();
    logger.setLevel(Level.INFO); // whatever others may say
    logger.addAppender(appender);
    logger.setAdditive(false);
  }

  /**
   * Begins a new file if the one that is written to was renamed or removed. If that cannot be done
   * the old one is written to on, and the next look tries again. Throws nothing; to be called by
   * one thread.
   */
  public void look() {
    try {
      if (!identity().equals(opened)) {
        appender.openFile(target.toString());
        opened = identity();
        log.info("audit file begun anew");
      }
    } catch (IOException e) {
      log.error("audit.file cannot be begun anew, the old one is written to on", e);
    }
  }

  /** Of the file that has the name now. */
  private Object identity() throws IOException {
    try {
      @Nullable Object key = Files.readAttributes(target, BasicFileAttributes.class).fileKey();
      return key == null ? "there" : key;
    } catch (NoSuchFileException e) {
      return "not there";
    }
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.detachAppender(appender);
    appender.stop();
  }
}
