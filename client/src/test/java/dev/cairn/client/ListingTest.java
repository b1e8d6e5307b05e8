package dev.cairn.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListItemsRequest;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ListingTest {
  private final FakeServer server = new FakeServer();
  private final CairnClient cairn = Clients.of(server);

  @AfterEach
  void close() {
    cairn.close();
    server.close();
  }

  @Test
  void readsAllPages() {
    IntStream.range(0, 25).forEach(i -> server.with("shop", "orders", "" + (char) ('a' + i), "{}"));

    List<String> ids = items(10).stream().map(Item::getId).toList();

    assertThat(ids).hasSize(25).isSorted();
    assertThat(server.faults().received("ListItems")).hasSize(3);
  }

  @Test
  void fetchesOnlyWhatIsRead() {
    IntStream.range(0, 25).forEach(i -> server.with("shop", "orders", "i" + i, "{}"));
    Listing<Item> listing = items(10);
    assertThat(server.faults().received("ListItems")).isEmpty();

    assertThat(listing.stream().limit(10).count()).isEqualTo(10);
    assertThat(listing.first()).isPresent();

    assertThat(server.faults().received("ListItems")).hasSize(2);
  }

  @Test
  void goesOnOverEmptyPages() {
    Map<String, Listing.Page<String>> pages =
        Map.of(
            "", new Listing.Page<>(List.of(), "1"),
            "1", new Listing.Page<>(List.of("x"), "2"),
            "2", new Listing.Page<>(List.of(), "3"),
            "3", new Listing.Page<>(List.of("y"), ""));
    Listing<String> listing = new Listing<>("", token -> pages.getOrDefault(token, pages.get("3")));

    assertThat(listing).containsExactly("x", "y");
    assertThat(listing.toList()).containsExactly("x", "y");
  }

  private Listing<Item> items(int pageSize) {
    return cairn
        .items()
        .list(
            ListItemsRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("orders")
                .setPageSize(pageSize)
                .build());
  }
}
