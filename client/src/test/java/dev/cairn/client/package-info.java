/** Tests of the typed client against {@link dev.cairn.client.fake.FakeServer}. */
@NullMarked
package dev.cairn.client;

import org.jspecify.annotations.NullMarked;
