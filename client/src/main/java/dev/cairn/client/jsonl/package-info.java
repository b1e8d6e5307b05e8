/**
 * Items as JSON Lines: one JSON object on each line, UTF-8, LF.
 *
 * <p>{@link dev.cairn.client.jsonl.ItemReader} turns lines into items and says exactly which line
 * it cannot take; {@link dev.cairn.client.jsonl.ItemWriter} turns items into lines. Documents pass
 * through as bytes: a parser looks at them to find the id and to check them, but nothing is ever
 * printed from what it read, so that numbers of any precision, the order of keys and odd escapes
 * come out as they went in. {@code JsonObject} does the looking and the splicing. {@link
 * dev.cairn.client.jsonl.ProtoJson} prints the other messages of the contract for programs.
 */
@NullMarked
package dev.cairn.client.jsonl;

import org.jspecify.annotations.NullMarked;
