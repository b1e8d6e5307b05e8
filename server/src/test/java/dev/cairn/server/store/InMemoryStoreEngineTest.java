package dev.cairn.server.store;

class InMemoryStoreEngineTest extends StoreEngineContract {
  @Override
  protected StoreEngine newEngine() {
    return new InMemoryStoreEngine();
  }
}
