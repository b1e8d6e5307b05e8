/**
 * The server: what it is made of and how it starts.
 *
 * <p>{@link dev.cairn.server.ServerConfig} reads how it shall run; the packages below do the work
 * and get only their part of it.
 */
@NullMarked
package dev.cairn.server;

import org.jspecify.annotations.NullMarked;
