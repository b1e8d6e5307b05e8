/**
 * Tests of the command line: {@code Shell} runs whole commands in this process against the server
 * in memory and keeps what they print.
 */
@NullMarked
package dev.cairn.client.cli;

import org.jspecify.annotations.NullMarked;
