package dev.cairn.it.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;

/**
 * The program that shows what is possible: plain RocksDB calls on the same data with the same
 * options and the same durability, a gRPC server that does nothing, and one that does such a call.
 *
 * <p>Reads commands from standard input, one a line, and answers each with a figure.
 */
final class Limit {
  private Limit() {}

  public static void main(String[] arguments) throws Exception {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    PrintStream answers = System.out;
    try (PlainDatabase plain = new PlainDatabase(Path.of(arguments[0]));
        EmptyTransport transport = EmptyTransport.start();
        PlainService service = PlainService.start(plain, Callers.MANY)) {
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        try {
          answers.println("=" + answer(plain, transport, service, line.split("\t", -1)));
        } catch (Exception e) {
          e.printStackTrace();
          answers.println("!" + e);
        }
      }
    }
  }

  private static double answer(
      PlainDatabase plain, EmptyTransport transport, PlainService service, String[] words)
      throws Exception {
    return switch (words[0]) {
      case "port" -> transport.port();
      case "end-watches" -> transport.endWatches();
      case "put-port" -> service.port();
      case "open" -> plain.open(Path.of(words[1]));
      case "checkpoint" -> plain.checkpoint(Integer.parseInt(words[1]));
      case "clone" -> plain.cloneAndOpen(Path.of(words[1]));
      case "sums" -> PlainDatabase.readWithChecksums(Path.of(words[1]));
      case "load" -> plain.load(new Dataset(Integer.parseInt(words[1])));
      case "scan" -> plain.scan();
      case "copy" -> plain.copyCollection(Path.of(words[1]), Integer.parseInt(words[2]));
      case "write" -> plain.write(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      case "write-batches" ->
          plain.writeBatches(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      case "read" ->
          plain.read(
              Integer.parseInt(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
      case "records" -> plain.records(Integer.parseInt(words[1]));
      case "engine-backup" -> plain.backUpWithEngine(Integer.parseInt(words[1]));
      case "engine-restore" -> plain.restoreWithEngine();
      default -> throw new IllegalArgumentException("unknown command " + words[0]);
    };
  }
}
