package dev.cairn.client.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cairn.client.CairnException;
import dev.cairn.client.FieldViolation;
import dev.cairn.client.jsonl.BadLineException;
import dev.cairn.v1.ErrorReason;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/**
 * What a failure looks like: what went wrong and what to do now, on stderr, for people or as JSON.
 * Every method says it and returns the {@link ExitCode}.
 */
final class ErrorReport {
  private final PrintStream err;
  private final Output.Form form;
  private final boolean verbose;
  private final String server;
  private final BooleanSupplier interrupted;

  /**
   * @param verbose whether to show stack traces
   * @param server what the command line tried to reach
   * @param interrupted whether the process goes down anyway
   */
  ErrorReport(
      PrintStream err,
      Output.Form form,
      boolean verbose,
      String server,
      BooleanSupplier interrupted) {
    this.err = err;
    this.form = form;
    this.verbose = verbose;
    this.server = server;
    this.interrupted = interrupted;
  }

  /** A command line that nothing can be made of. */
  int ofUsage(ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    return report(ExitCode.USAGE, String.valueOf(e.getMessage()), command + " --help", null, e);
  }

  /** Anything that a command threw. */
  int of(Exception e) {
    if (e instanceof CairnException failure) {
      return of(failure, ExitCode.of(failure), "", Hints.of(failure, server));
    }
    if (e instanceof UsageException usage) {
      return report(ExitCode.USAGE, String.valueOf(e.getMessage()), usage.hint(), null, e);
    }
    if (e instanceof BadLineException) {
      return report(
          ExitCode.FAILED, String.valueOf(e.getMessage()), "Correct it and repeat.", null, e);
    }
    if (e instanceof InvalidPathException) {
      return report(
          ExitCode.USAGE,
          "This locale cannot name that file: " + e.getMessage(),
          "Set LC_ALL=C.UTF-8, or give the file by < or > and '-'.",
          null,
          e);
    }
    IOException io =
        e instanceof IOException direct
            ? direct
            : e instanceof UncheckedIOException wrapped ? wrapped.getCause() : null;
    if (io != null) {
      if (String.valueOf(io.getMessage()).contains("Broken pipe")) {
        // Whoever read the output has gone, as head does: that is no error worth words.
        return ExitCode.FAILED;
      }
      return report(ExitCode.FAILED, Files.describe(io), "Look at the file and the disk.", null, e);
    }
    return report(
        ExitCode.FAILED,
        e.toString(),
        "This is a bug in the command line: repeat it with --verbose and report what it says.",
        null,
        e);
  }

  /**
   * A failure that the server reported, with its reason; {@code where} comes before its message.
   */
  int of(CairnException failure, int code, String where, String hint) {
    return report(code, where + message(failure), hint, failure, failure);
  }

  /** A failure that the command found by itself. */
  int of(int code, String message, String hint) {
    return report(code, message, hint, null, new IllegalStateException(message));
  }

  private static String message(CairnException failure) {
    return failure.reason() == ErrorReason.ERROR_REASON_UNSPECIFIED
        ? failure.getMessage() + " (" + failure.code() + ")"
        : failure.getMessage() + " (" + Format.name(failure.reason()) + ")";
  }

  private int report(
      int code, String message, String hint, @Nullable CairnException failure, Exception e) {
    if (interrupted.getAsBoolean()) {
      // What breaks while the process goes down is no news.
      return code;
    }
    if (form == Output.Form.json) {
      err.println(json(message, hint, failure));
    } else {
      err.println("error: " + Table.clean(message));
      if (failure != null) {
        for (FieldViolation violation : failure.violations()) {
          String line = violation.field() + ": " + violation.description();
          if (!message.contains(line)) {
            err.println("  " + Table.clean(line));
          }
        }
      }
      err.println("hint: " + hint);
    }
    if (verbose) {
      e.printStackTrace(err);
    }
    return code;
  }

  private static String json(String message, String hint, @Nullable CairnException failure) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeObjectFieldStart("error");
      json.writeStringField("message", failure == null ? message : failure.getMessage());
      json.writeStringField("hint", hint);
      if (failure != null) {
        json.writeStringField("reason", Format.name(failure.reason()));
        json.writeStringField("code", failure.code().name());
        json.writeObjectFieldStart("metadata");
        for (var entry : failure.metadata().entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
        json.writeArrayFieldStart("fieldViolations");
        for (FieldViolation violation : failure.violations()) {
          json.writeStartObject();
          json.writeStringField("field", violation.field());
          json.writeStringField("description", violation.description());
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
