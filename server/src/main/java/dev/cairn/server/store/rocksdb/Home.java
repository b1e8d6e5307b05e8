package dev.cairn.server.store.rocksdb;

/**
 * Where the items of a collection lie: under its number among those of others, or, if there are
 * very many, alone in a column family of their own. There they lie under {@link #ALONE}, whatever
 * the number, so that another database can take the family's files over as they are.
 *
 * @param number never another collection's, in this database
 * @param own whether they have a family of their own
 */
record Home(int number, boolean own) {
  /** What stands for the number in the keys of a family of its own. */
  private static final int ALONE = 0;

  static Home shared(int number) {
    return new Home(number, false);
  }

  static Home own(int number) {
    return new Home(number, true);
  }

  /** The column family, as {@link Database} counts them. */
  int family() {
    return own ? Database.ownFamily(number) : RocksItemStore.DATA;
  }

  /** What the keys begin with. */
  int prefix() {
    return own ? ALONE : number;
  }

  byte[] key(String itemId) {
    return ItemCodec.key(prefix(), itemId);
  }

  /** Before all keys. */
  byte[] first() {
    return ItemCodec.first(prefix());
  }

  /** After the key of {@code itemId} and before all that come after it; for "" before the first. */
  byte[] after(String itemId) {
    return ItemCodec.after(prefix(), itemId);
  }

  /** After all keys. */
  byte[] end() {
    return ItemCodec.first(prefix() + 1);
  }
}
