package dev.cairn.server.store;

class InMemoryRandomChangesTest extends RandomChangesContract {
  @Override
  protected StoreEngine newEngine() {
    return new InMemoryStoreEngine();
  }
}
