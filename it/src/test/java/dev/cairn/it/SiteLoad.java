package dev.cairn.it;

import com.google.protobuf.ByteString;
import dev.cairn.it.History.Effect;
import dev.cairn.it.History.Write;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.Durability;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.UpdateItemRequest;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;

/** Those who write and read the items of one site: each writer has items of its own. */
final class SiteLoad {
  /** Collections that writers write to. */
  static final List<String> COLLECTIONS = List.of("c0", "c1", "c2");

  static final String IMPORTS = "imports";

  private static final List<Place> PLACES =
      List.of(Place.live("c0"), Place.live("c1"), Place.live("c2"), Place.sandbox("c1"));
  private static final int ITEMS_PER_WRITER = 25;
  private static final int KEPT_EXPORTS = 8;

  /** What refuses a write for a good reason; it was not applied then. */
  private static final Set<ErrorReason> REFUSALS =
      Set.of(
          ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND,
          ErrorReason.ERROR_REASON_SITE_SWITCHING,
          ErrorReason.ERROR_REASON_OVERLOADED,
          ErrorReason.ERROR_REASON_ITEM_NOT_FOUND,
          ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS);

  private final Cairn cairn;
  private final SiteModel model;
  private final Load load;
  private final List<Durability> durabilities;

  /**
   * @param durabilities what writers ask for, the usual one first
   */
  SiteLoad(Cairn cairn, SiteModel model, Load load, List<Durability> durabilities) {
    this.cairn = cairn;
    this.model = model;
    this.load = load;
    this.durabilities = durabilities;
  }

  void startWriter(String name, long seed) {
    load.start(model.siteId + "/" + name, new Writer(name, new Random(seed))::step);
  }

  void startReader(String name, long seed) {
    load.start(model.siteId + "/" + name, new Reader(new Random(seed))::step);
  }

  /**
   * Makes a call that changes something.
   *
   * @return empty when it was refused
   */
  static <T> Optional<T> answer(Set<ErrorReason> refusals, Supplier<T> call) {
    try {
      return Optional.of(call.get());
    } catch (StatusRuntimeException e) {
      Fault fault = Fault.of(e);
      if (fault.lostConnection()) {
        throw new Load.LostConnection(e);
      }
      if (fault.reason().filter(refusals::contains).isPresent()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** One client. */
  private final class Writer {
    private final String name;
    private final Random random;
    private final String mark;
    private long count;

    Writer(String name, Random random) {
      this.name = name;
      this.random = random;
      this.mark = Long.toHexString(random.nextLong());
    }

    void step() {
      Place place = PLACES.get(random.nextInt(PLACES.size()));
      int kind = random.nextInt(100);
      if (kind < 30) {
        save(place);
      } else if (kind < 40) {
        update(place);
      } else if (kind < 50) {
        insert(place);
      } else if (kind < 65) {
        delete(place);
      } else if (kind < 90) {
        saveBatch(place);
      } else {
        deleteBatch(place);
      }
    }

    private String id() {
      return name + "-" + random.nextInt(ITEMS_PER_WRITER);
    }

    /** Data that nobody has written before. */
    private ByteString data() {
      int pad = random.nextInt(50) == 0 ? 20_000 : random.nextInt(300);
      return ByteString.copyFromUtf8(
          "{\"by\":\""
              + name
              + "\",\"n\":"
              + ++count
              + ",\"mark\":\""
              + mark
              + "\",\"pad\":\""
              + "x".repeat(pad)
              + "\"}");
    }

    private Durability durability() {
      return durabilities.get(random.nextInt(4) == 0 ? durabilities.size() - 1 : 0);
    }

    private String requestId() {
      return random.nextBoolean() ? "" : UUID.randomUUID().toString();
    }

    private <T> Optional<T> write(
        Place place, Map<String, Effect> effects, Supplier<T> call, Write[] made) {
      Write write = model.history.begin(new Write(name + "#" + ++count, place, effects));
      made[0] = write;
      Optional<T> answer = answer(REFUSALS, call);
      if (answer.isEmpty()) {
        model.history.forget(write);
      }
      return answer;
    }

    private void save(Place place) {
      Item item = Item.newBuilder().setId(id()).setData(data()).build();
      SaveItemRequest request =
          SaveItemRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setItem(item)
              .setRequestId(requestId())
              .setDurability(durability())
              .build();
      single(place, item, () -> cairn.items().saveItem(request).getItem());
    }

    private void update(Place place) {
      Item item = Item.newBuilder().setId(id()).setData(data()).build();
      UpdateItemRequest request =
          UpdateItemRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setItem(item)
              .setDurability(durability())
              .build();
      single(place, item, () -> cairn.items().updateItem(request).getItem());
    }

    private void insert(Place place) {
      Item item = Item.newBuilder().setId(id()).setData(data()).build();
      InsertItemRequest request =
          InsertItemRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setItem(item)
              .setRequestId(requestId())
              .setDurability(durability())
              .build();
      single(place, item, () -> cairn.items().insertItem(request).getItem());
    }

    private void single(Place place, Item item, Supplier<Item> call) {
      Write[] made = new Write[1];
      write(place, Map.of(item.getId(), Effect.of(item.getData())), call, made)
          .ifPresent(stored -> made[0].acknowledged(Map.of(item.getId(), Effect.of(stored))));
    }

    private void delete(Place place) {
      String id = id();
      DeleteItemRequest request =
          DeleteItemRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setItemId(id)
              .setAllowMissing(random.nextBoolean())
              .setDurability(durability())
              .build();
      Write[] made = new Write[1];
      write(place, Map.of(id, Effect.REMOVED), () -> cairn.items().deleteItem(request), made)
          .ifPresent(answer -> made[0].acknowledged());
    }

    private void saveBatch(Place place) {
      BatchSaveItemsRequest.Builder request =
          BatchSaveItemsRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setRequestId(requestId())
              .setDurability(durability());
      SortedMap<String, Effect> effects = new TreeMap<>();
      int size = 2 + random.nextInt(15);
      while (effects.size() < size) {
        Item item = Item.newBuilder().setId(id()).setData(data()).build();
        if (effects.putIfAbsent(item.getId(), Effect.of(item.getData())) == null) {
          request.addEntries(BatchSaveItemsRequest.Entry.newBuilder().setItem(item));
        }
      }
      Write[] made = new Write[1];
      write(place, effects, () -> cairn.items().batchSaveItems(request.build()), made)
          .ifPresent(answer -> made[0].acknowledged(exact(request.build(), answer)));
    }

    private Map<String, Effect> exact(
        BatchSaveItemsRequest request, BatchSaveItemsResponse answer) {
      Map<String, Effect> effects = new TreeMap<>();
      for (int i = 0; i < request.getEntriesCount(); i++) {
        BatchSaveItemsResponse.Result result = answer.getResults(i);
        Item item =
            request.getEntries(i).getItem().toBuilder()
                .setRevision(result.getRevision())
                .setCreateTime(result.getCreateTime())
                .setUpdateTime(result.getUpdateTime())
                .build();
        effects.put(result.getItemId(), Effect.of(item));
      }
      return effects;
    }

    private void deleteBatch(Place place) {
      BatchDeleteItemsRequest.Builder request =
          BatchDeleteItemsRequest.newBuilder()
              .setSiteId(model.siteId)
              .setCollectionId(place.collectionId())
              .setEnvironment(place.environment())
              .setAllowMissing(true)
              .setDurability(durability());
      SortedMap<String, Effect> effects = new TreeMap<>();
      int size = 2 + random.nextInt(8);
      while (effects.size() < size) {
        String id = id();
        if (effects.putIfAbsent(id, Effect.REMOVED) == null) {
          request.addEntries(BatchDeleteItemsRequest.Entry.newBuilder().setItemId(id));
        }
      }
      Write[] made = new Write[1];
      write(place, effects, () -> cairn.items().batchDeleteItems(request.build()), made)
          .ifPresent(answer -> made[0].acknowledged());
    }
  }

  /** Exports whole collections, and keeps some of what it saw. */
  private final class Reader {
    private final Random random;
    private final List<String> collections = new ArrayList<>(COLLECTIONS);
    private int seen;

    Reader(Random random) {
      this.random = random;
      collections.add(IMPORTS);
    }

    void step() {
      Place place = Place.live(collections.get(random.nextInt(collections.size())));
      long start = System.nanoTime();
      answer(Set.of(ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND), () -> export(place))
          .ifPresent(seenItems -> keep(place, start, seenItems));
    }

    private Export export(Place place) {
      Iterator<ExportItemsResponse> stream =
          cairn
              .items()
              .exportItems(
                  ExportItemsRequest.newBuilder()
                      .setSiteId(model.siteId)
                      .setCollectionId(place.collectionId())
                      .build());
      SortedMap<String, Item> items = new TreeMap<>();
      long firstMessage = 0;
      long announced = -1;
      while (stream.hasNext()) {
        ExportItemsResponse message = stream.next();
        if (firstMessage == 0) {
          firstMessage = System.nanoTime();
          announced = message.getItemCount();
        }
        message.getItemsList().forEach(item -> items.put(item.getId(), item));
      }
      if (announced != items.size()) {
        load.error("an export of " + announced + " items brought " + items.size());
      }
      return new Export(items, firstMessage);
    }

    private void keep(Place place, long start, Export export) {
      TreeMap<Place, SortedMap<String, Item>> places = new TreeMap<>();
      places.put(place, export.items());
      Cut.Picture picture =
          new Cut.Picture(
              "export " + ++seen + " of " + place,
              new Content(places),
              start,
              export.firstMessage(),
              place::equals,
              Optional.empty());
      if (model.exports.size() < KEPT_EXPORTS) {
        model.exports.add(picture);
      } else if (random.nextInt(4) == 0) {
        model.exports.set(random.nextInt(KEPT_EXPORTS), picture);
      }
    }

    private record Export(SortedMap<String, Item> items, long firstMessage) {}
  }
}
