/**
 * The typed Java client of Cairn.
 *
 * <p>{@link dev.cairn.client.CairnClient} is the way in: one object for a whole program, which
 * gives one group of calls for each service of the contract. Requests and answers are the generated
 * messages of {@code dev.cairn.v1}; what the facade adds is what every caller would otherwise
 * write:
 *
 * <ul>
 *   <li>a deadline on every call that answers once, and repeats where the contract says that
 *       repeating is safe ({@code Calls}, {@link dev.cairn.client.RetryPolicy});
 *   <li>lists that fetch their pages as they are read ({@link dev.cairn.client.Listing});
 *   <li>streams that outlive their connection: {@link dev.cairn.client.Watch} resumes by sequence,
 *       {@link dev.cairn.client.EventWatch} by cursor, {@link dev.cairn.client.ItemExport} by item
 *       id and {@link dev.cairn.client.ItemImport} by what the server acknowledged;
 *   <li>one exception, {@link dev.cairn.client.CairnException}, that says what a caller can do.
 * </ul>
 *
 * <p>Below these, {@code MessageStream} turns one gRPC call into messages that a thread waits for,
 * and {@code ResumingStream} opens such a stream again after it broke. The command line is in
 * {@code dev.cairn.client.cli} and uses nothing that other programs cannot use.
 */
@NullMarked
package dev.cairn.client;

import org.jspecify.annotations.NullMarked;
