/**
 * The storage engine behind a small interface.
 *
 * <p>{@link dev.cairn.server.store.ItemStore} is one content database: the LIVE content of one site
 * in one generation, its SANDBOX content, or the checkpoint inside a backup. {@link
 * dev.cairn.server.store.KeyValueStore} is the catalog. {@link dev.cairn.server.store.StoreEngine}
 * opens both. {@code store.rocksdb} is the only place that knows which engine it is.
 */
@NullMarked
package dev.cairn.server.store;

import org.jspecify.annotations.NullMarked;
