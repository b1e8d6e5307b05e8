package dev.cairn.client.cli;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cairn completion}. */
@Command(
    name = "completion",
    description = {
      "Print what makes your shell complete commands and options.",
      "For this shell: source <(cairn completion bash). For all, put that line into ~/.bashrc or,"
          + " with zsh, into ~/.zshrc. It completes 'cairn', be that an alias, a function or a file."
    })
final class CompletionCommand implements Callable<Integer> {
  /** The shells whose completion is known. */
  enum Kind {
    bash,
    zsh
  }

  @Spec CommandSpec spec;

  @Parameters(paramLabel = "bash|zsh", description = "Which shell.")
  Kind shell = Kind.bash;

  @Override
  public Integer call() {
    // One text for both: it makes zsh understand bash's way.
    String script = AutoComplete.bash("cairn", spec.root().commandLine());
    CairnCli.of(spec).output().write(script.getBytes(StandardCharsets.UTF_8));
    return ExitCode.OK;
  }
}
