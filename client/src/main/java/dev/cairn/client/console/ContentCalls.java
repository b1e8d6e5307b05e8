package dev.cairn.client.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.CairnClient;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.DeleteCollectionResponse;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.DeleteSiteResponse;
import dev.cairn.v1.Environment;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListItemsResponse;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.SiteView;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Sites and collections: making, looking into and deleting them. Immutable and thread-safe. */
final class ContentCalls {
  private static final int ITEMS_ON_A_PAGE = 20;

  /** How much of an item a list shows; the rest comes when somebody asks for it. */
  private static final int EXCERPT_CHARACTERS = 200;

  private final CairnClient cairn;

  ContentCalls(CairnClient cairn) {
    this.cairn = cairn;
  }

  void addTo(Routes routes) {
    routes.get("sites", this::sites);
    routes.post("sites", this::createSite);
    routes.get("sites/{site}", this::site);
    routes.post("sites/{site}/delete", this::deleteSite);
    routes.get("sites/{site}/collections", this::collections);
    routes.post("sites/{site}/collections", this::createCollection);
    routes.get("sites/{site}/collections/{collection}", this::collection);
    routes.post("sites/{site}/collections/{collection}/delete", this::deleteCollection);
    routes.getJson("sites/{site}/collections/{collection}/items", this::items);
    routes.getJson("sites/{site}/collections/{collection}/items/{item}", this::item);
  }

  private MessageOrBuilder sites(Request request) {
    return cairn
        .sites()
        .page(
            ListSitesRequest.newBuilder()
                .setSiteId(request.parameter("prefix"))
                .setPageToken(request.parameter("page"))
                .build());
  }

  private MessageOrBuilder createSite(Request request) {
    return cairn
        .sites()
        .create(
            CreateSiteRequest.newBuilder()
                .setSiteId(request.text("id"))
                .setDisplayName(request.text("displayName"))
                .build());
  }

  /** With all that it holds, which the page has named to whoever typed the id. */
  private MessageOrBuilder deleteSite(Request request) {
    request.requireConfirmed();
    cairn
        .sites()
        .delete(DeleteSiteRequest.newBuilder().setSiteId(request.siteId()).setForce(true).build());
    return DeleteSiteResponse.getDefaultInstance();
  }

  private MessageOrBuilder site(Request request) {
    return cairn
        .sites()
        .get(
            GetSiteRequest.newBuilder()
                .setSiteId(request.siteId())
                .setView(SiteView.SITE_VIEW_USAGE)
                .build());
  }

  private MessageOrBuilder collections(Request request) {
    return cairn
        .collections()
        .page(
            ListCollectionsRequest.newBuilder()
                .setSiteId(request.siteId())
                .setPageToken(request.parameter("page"))
                .build());
  }

  private MessageOrBuilder createCollection(Request request) {
    return cairn
        .collections()
        .create(
            CreateCollectionRequest.newBuilder()
                .setSiteId(request.siteId())
                .setCollection(
                    Collection.newBuilder()
                        .setId(request.text("id"))
                        .setDisplayName(request.text("displayName")))
                .build());
  }

  private MessageOrBuilder collection(Request request) {
    return cairn.collections().get(request.siteId(), request.part("collection"));
  }

  private MessageOrBuilder deleteCollection(Request request) {
    request.requireConfirmed(request.part("collection"));
    cairn
        .collections()
        .delete(
            DeleteCollectionRequest.newBuilder()
                .setSiteId(request.siteId())
                .setCollectionId(request.part("collection"))
                .build());
    return DeleteCollectionResponse.getDefaultInstance();
  }

  private byte[] items(Request request) {
    ListItemsResponse page =
        cairn
            .items()
            .page(
                ListItemsRequest.newBuilder()
                    .setSiteId(request.siteId())
                    .setCollectionId(request.part("collection"))
                    .setEnvironment(environment(request))
                    .setPageSize(ITEMS_ON_A_PAGE)
                    .setPageToken(request.parameter("page"))
                    .build());
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    ArrayNode items = answer.putArray("items");
    page.getItemsList().forEach(item -> items.add(excerpt(item)));
    answer.put("nextPageToken", page.getNextPageToken()).put("totalSize", page.getTotalSize());
    return bytes(answer);
  }

  private byte[] item(Request request) {
    Item item =
        cairn
            .items()
            .get(
                GetItemRequest.newBuilder()
                    .setSiteId(request.siteId())
                    .setCollectionId(request.part("collection"))
                    .setItemId(request.part("item"))
                    .setEnvironment(environment(request))
                    .build());
    return bytes(excerpt(item).put("text", item.getData().toStringUtf8()));
  }

  /** The document stays a text: a browser would round its numbers. */
  private static ObjectNode excerpt(Item item) {
    String text = item.getData().toStringUtf8();
    boolean whole = text.codePointCount(0, text.length()) <= EXCERPT_CHARACTERS;
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", item.getId())
        .put("owner", item.getOwner())
        .put("revision", item.getRevision())
        .put("sizeBytes", item.getData().size())
        .put(
            "updateTime",
            Instant.ofEpochSecond(
                    item.getUpdateTime().getSeconds(), item.getUpdateTime().getNanos())
                .toString())
        .put(
            "excerpt",
            whole ? text : text.substring(0, text.offsetByCodePoints(0, EXCERPT_CHARACTERS)))
        .put("isWhole", whole);
  }

  private static Environment environment(Request request) {
    return request.parameter("environment").equals("sandbox")
        ? Environment.ENVIRONMENT_SANDBOX
        : Environment.ENVIRONMENT_LIVE;
  }

  private static byte[] bytes(ObjectNode answer) {
    return answer.toString().getBytes(StandardCharsets.UTF_8);
  }
}
