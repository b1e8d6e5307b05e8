/**
 * Reads configuration; knows none of Cairn's keys.
 *
 * <p>A {@link dev.cairn.server.config.ConfigTable} lists {@link
 * dev.cairn.server.config.ConfigKey}s, each with a {@link dev.cairn.server.config.ConfigType} that
 * parses, prints and describes its values. A {@link dev.cairn.server.config.ConfigLoader} takes
 * values from a file, the environment and flags, collects everything that is wrong with them, and
 * gives {@link dev.cairn.server.config.ConfigValues} or one {@link
 * dev.cairn.server.config.ConfigException}. Help, the listing of effective values and the
 * documentation come from the same table, so that they cannot differ from what is read.
 */
@NullMarked
package dev.cairn.server.config;

import org.jspecify.annotations.NullMarked;
