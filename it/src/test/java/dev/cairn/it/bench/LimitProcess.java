package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/** {@link Limit} in a JVM of its own. Confined to one thread. */
final class LimitProcess implements AutoCloseable {
  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  private LimitProcess(Process process) {
    this.process = process;
    this.commands = process.outputWriter();
    this.answers = process.inputReader();
  }

  static LimitProcess start(Path directory) throws IOException {
    return start(command -> command, directory);
  }

  /** The same on the core of whoever is measured. */
  static LimitProcess start(Cores cores, Path directory) throws IOException {
    return start(cores::measured, directory);
  }

  private static LimitProcess start(UnaryOperator<List<String>> whole, Path directory)
      throws IOException {
    Files.createDirectories(directory);
    Process process =
        new ProcessBuilder(
                whole.apply(
                    List.of(
                        BenchSettings.java(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Limit.class.getName(),
                        directory.toString())))
            .redirectError(
                ProcessBuilder.Redirect.appendTo(directory.resolve("limit.log").toFile()))
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return new LimitProcess(process);
  }

  /** Sends a command and answers its figure: milliseconds, a rate, or a port. */
  double call(String command, Object... arguments) throws IOException {
    StringBuilder line = new StringBuilder(command);
    for (Object argument : arguments) {
      line.append('\t').append(argument);
    }
    commands.write(line + "\n");
    commands.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the process of the limit ended at: " + line);
    }
    if (!answer.startsWith("=")) {
      throw new IOException(line + " failed: " + answer);
    }
    return Double.parseDouble(answer.substring(1));
  }

  /** A client of one of its gRPC servers, by the command that answers its port. */
  CairnClient connect(String portCommand) throws IOException {
    return CairnClient.builder("127.0.0.1:" + (int) call(portCommand)).build();
  }

  double processorMicros() {
    return Processes.processorMicros(process);
  }

  @Override
  public void close() throws IOException {
    if (process.isAlive()) {
      commands.close(); // that ends it
      Processes.await(process);
    }
  }
}
