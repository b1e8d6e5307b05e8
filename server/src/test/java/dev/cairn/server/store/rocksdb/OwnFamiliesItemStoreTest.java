package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.ItemStoreContract;
import dev.cairn.server.store.StoreEngine;

/** The contract of item stores, where what is staged gets families of its own. */
class OwnFamiliesItemStoreTest extends ItemStoreContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.ofOwnFamilies();
  }
}
