/** Tests of JSON Lines with the nastiest documents that we could think of. */
@NullMarked
package dev.cairn.client.jsonl;

import org.jspecify.annotations.NullMarked;
