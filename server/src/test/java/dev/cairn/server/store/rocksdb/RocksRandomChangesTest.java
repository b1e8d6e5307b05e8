package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.RandomChangesContract;
import dev.cairn.server.store.StoreEngine;

/** Random changes to a RocksDB store. */
class RocksRandomChangesTest extends RandomChangesContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.small();
  }
}
