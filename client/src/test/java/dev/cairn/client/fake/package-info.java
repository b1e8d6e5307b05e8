/**
 * A Cairn server in memory, for tests of the client: {@link dev.cairn.client.fake.FakeServer} keeps
 * content and plays scripted faults, {@link dev.cairn.client.fake.Errors} makes its error statuses.
 */
@NullMarked
package dev.cairn.client.fake;

import org.jspecify.annotations.NullMarked;
