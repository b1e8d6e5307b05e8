/**
 * How fast it is: the packaged server, measured through its public API, side by side with the limit
 * (plain RocksDB calls and an empty gRPC server in a process of their own) and with the tools that
 * a user would take instead.
 *
 * <p>{@link dev.cairn.it.bench.Bench} runs the {@link dev.cairn.it.bench.Case}s one after the
 * other. Within a case the {@link dev.cairn.it.bench.Subjects} take turns, so that a busy moment of
 * the machine hits all of them, and what counts is the median of the ratios of each turn. {@link
 * dev.cairn.it.bench.Results} writes one JSON file with all samples and one Markdown table.
 *
 * <p>The normal build compiles this and runs it once on a few items; see the module's README for
 * the command that measures.
 */
@NullMarked
package dev.cairn.it.bench;

import org.jspecify.annotations.NullMarked;
