package dev.cairn.server.store;

class InMemoryKeyValueStoreTest extends KeyValueStoreContract {
  @Override
  protected StoreEngine newEngine() {
    return new InMemoryStoreEngine();
  }
}
