package dev.cairn.server.site;

import java.util.OptionalLong;

/**
 * An item to remove.
 *
 * @param expectedRevision the revision it must have now; empty: any
 */
public record Removal(String itemId, OptionalLong expectedRevision) {}
