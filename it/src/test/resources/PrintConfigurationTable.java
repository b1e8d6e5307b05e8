import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Run from its source with the server's jar on the class path. */
class PrintConfigurationTable {
  public static void main(String[] arguments) {
    new PrintStream(System.out, true, StandardCharsets.UTF_8)
        .print(dev.cairn.server.ServerConfig.markdownTable());
  }
}
