package dev.cairn.server.grpc;

import dev.cairn.v1.Environment;
import dev.cairn.v1.Item;
import java.util.List;
import java.util.function.IntFunction;

/** What the contract asks of items in a request. */
final class ItemCheck {
  private static final int MAX_OWNER_BYTES = 256;

  private ItemCheck() {}

  /** Where items are. */
  static Check place(Limits limits, String siteId, String collectionId, Environment environment) {
    return new Check(limits)
        .site(siteId)
        .collection(collectionId)
        .known("environment", environment);
  }

  /** An item to write; its id may be left out where the server makes one. */
  static void item(Check check, String path, boolean present, Item item, boolean idRequired) {
    check.required(path, present);
    if (present) {
      check
          .when(idRequired, part -> part.required(path + ".id", item.getId()))
          .plain(path + ".id", item.getId(), 256)
          .plain(path + ".owner", item.getOwner(), MAX_OWNER_BYTES);
      data(check, path + ".data", item);
    }
  }

  private static void data(Check check, String path, Item item) {
    int size = item.getData().size();
    int max = check.limits().itemBytes();
    if (size > max) {
      check.that(false, path, "has " + size + " bytes; at most " + max + " are allowed");
    } else {
      ItemData.problem(item.getData()).ifPresent(problem -> check.that(false, path, problem));
    }
  }

  /** A batch of items to write, none of them twice. */
  static void items(Check check, String field, List<Item> items, IntFunction<String> path) {
    check.batch(field, items.size());
    if (items.size() > check.limits().batchItems()) {
      return;
    }
    for (int i = 0; i < items.size() && !check.full(); i++) {
      // Names of fields are made only for what is wrong: a batch has many items that are right.
      Check one = new Check(check.limits());
      item(one, "", true, items.get(i), false);
      if (!one.isFine()) {
        item(check, path.apply(i), true, items.get(i), false);
      }
    }
    check.distinct(items.stream().map(Item::getId).toList(), i -> path.apply(i) + ".id");
  }
}
