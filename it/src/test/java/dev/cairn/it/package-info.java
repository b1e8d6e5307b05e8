/**
 * The packaged server and command line as processes, judged from outside: over the wire, by exit
 * codes, and by what lies in the data directory.
 *
 * <p>{@link dev.cairn.it.Servers} starts servers and shows their logs when a test fails, {@link
 * dev.cairn.it.Cairn} holds the calls that tests are made of, {@link dev.cairn.it.Cli} runs the
 * command line. What each test proves stands in the module's README.
 */
@NullMarked
package dev.cairn.it;

import org.jspecify.annotations.NullMarked;
