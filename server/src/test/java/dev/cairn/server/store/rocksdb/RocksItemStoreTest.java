package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.ItemStoreContract;
import dev.cairn.server.store.StoreEngine;

/** The contract of item stores, for RocksDB. */
class RocksItemStoreTest extends ItemStoreContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.small();
  }
}
