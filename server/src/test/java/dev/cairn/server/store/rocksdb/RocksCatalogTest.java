package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.KeyValueStoreContract;
import dev.cairn.server.store.StoreEngine;

/** The contract of catalogs, for RocksDB. */
class RocksCatalogTest extends KeyValueStoreContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.small();
  }
}
