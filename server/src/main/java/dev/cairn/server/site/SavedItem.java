package dev.cairn.server.site;

import dev.cairn.server.store.StoredItem;

/** An item as it was stored, and whether it is new. */
public record SavedItem(StoredItem item, boolean inserted) {}
