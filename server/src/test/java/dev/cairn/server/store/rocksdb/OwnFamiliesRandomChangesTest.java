package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.RandomChangesContract;
import dev.cairn.server.store.StoreEngine;

/** Random changes to a RocksDB store in which collections come to have families of their own. */
class OwnFamiliesRandomChangesTest extends RandomChangesContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.ofOwnFamilies();
  }
}
