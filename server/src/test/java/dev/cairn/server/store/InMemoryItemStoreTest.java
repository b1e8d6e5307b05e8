package dev.cairn.server.store;

class InMemoryItemStoreTest extends ItemStoreContract {
  @Override
  protected StoreEngine newEngine() {
    return new InMemoryStoreEngine();
  }
}
