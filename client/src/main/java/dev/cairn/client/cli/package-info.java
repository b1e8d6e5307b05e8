/**
 * The command line {@code cairn}: noun and verb, data on stdout, everything else on stderr.
 *
 * <p>{@link dev.cairn.client.cli.CairnCli} is the root command: it has the global options, makes
 * the client and turns failures into messages with a hint and an exit code ({@code ExitCode}).
 * Below it is one class for each noun, such as {@code BackupCommands}, that holds a small class for
 * each verb. A verb makes one request of the facade and shows the answer through {@code Output}, as
 * JSON ({@code ProtoJson}) or for people ({@code Views}, {@code JobViews}). What takes time is
 * shown by {@code ProgressBar}. {@code Tour} plays a whole backup and restoration.
 *
 * <p>Everything that belongs to the process, its streams, its arguments, whether somebody looks at
 * a screen, comes in through {@code Terminal}: commands run in tests as they run in a shell.
 */
@NullMarked
package dev.cairn.client.cli;

import org.jspecify.annotations.NullMarked;
