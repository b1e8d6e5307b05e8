package dev.cairn.client.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Arguments and file names in UTF-8 under any locale. Under LC_ALL=POSIX the JVM replaces every
 * byte of an argument that is not ASCII before main() sees it, and refuses file names with other
 * characters; it has no setting against that (sun.jnu.encoding cannot be set). On Linux both can be
 * had nevertheless; elsewhere they stay as they are.
 */
final class ProcessArguments {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final String WORKING_DIRECTORY = "/proc/self/cwd/";

  private ProcessArguments() {}

  /** The arguments as they were given, if the JVM spoiled them. */
  static String[] restored(String[] args) {
    boolean spoiled = false;
    for (String arg : args) {
      // The replacement is ? or U+FFFD, by version and encoding.
      spoiled |= arg.indexOf('?') >= 0 || arg.indexOf('\uFFFD') >= 0;
    }
    if (!spoiled || !Files.isReadable(COMMAND_LINE)) {
      return args;
    }
    try {
      return restored(args, Files.readAllBytes(COMMAND_LINE));
    } catch (IOException e) {
      return args;
    }
  }

  /**
   * @param commandLine the arguments of the process, each followed by NUL; those of main() are the
   *     last ones
   */
  static String[] restored(String[] args, byte[] commandLine) {
    List<String> all = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < commandLine.length; i++) {
      if (commandLine[i] == 0) {
        all.add(new String(commandLine, start, i - start, StandardCharsets.UTF_8));
        start = i + 1;
      }
    }
    if (all.size() < args.length) {
      return args;
    }
    String[] restored = all.subList(all.size() - args.length, all.size()).toArray(String[]::new);
    for (int i = 0; i < args.length; i++) {
      boolean ascii = restored[i].chars().allMatch(c -> c < 128);
      if (ascii && !restored[i].equals(args[i])) {
        // A launcher that changed its arguments: what the JVM has is the truth.
        return args;
      }
    }
    return restored;
  }

  /**
   * The path of a file that is named in UTF-8.
   *
   * @throws InvalidPathException if there cannot be such a path
   */
  static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      if (!Files.isDirectory(Path.of(WORKING_DIRECTORY))) {
        throw e;
      }
      // A URI has the bytes of a path, so that no encoding comes between.
      String absolute = name.startsWith("/") ? name : WORKING_DIRECTORY + name;
      StringBuilder uri = new StringBuilder("file://");
      for (byte b : absolute.getBytes(StandardCharsets.UTF_8)) {
        uri.append(b == '/' ? "/" : String.format("%%%02X", b));
      }
      return Path.of(URI.create(uri.toString()));
    }
  }
}
