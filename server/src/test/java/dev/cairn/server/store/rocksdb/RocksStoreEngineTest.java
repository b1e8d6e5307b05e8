package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoreEngineContract;

/** The contract of store engines, for RocksDB. */
class RocksStoreEngineTest extends StoreEngineContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.small();
  }
}
