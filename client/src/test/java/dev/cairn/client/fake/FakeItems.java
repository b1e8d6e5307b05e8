package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;

/** Items of a {@link FakeServer}. */
final class FakeItems extends ItemServiceGrpc.ItemServiceImplBase {
  private final FakeContent content;

  FakeItems(FakeContent content) {
    this.content = content;
  }

  @Override
  public void insertItem(InsertItemRequest q, StreamObserver<InsertItemResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          if (items.containsKey(q.getItem().getId())) {
            throw Errors.of(
                Code.ALREADY_EXISTS,
                ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS,
                "Item " + q.getItem().getId() + " is there already.",
                Map.of("item_id", q.getItem().getId()));
          }
          return InsertItemResponse.newBuilder().setItem(content.save(items, q.getItem())).build();
        });
  }

  @Override
  public void getItem(GetItemRequest q, StreamObserver<GetItemResponse> o) {
    content.answer(
        o,
        () -> {
          Item item =
              content
                  .items(q.getSiteId(), q.getCollectionId(), q.getEnvironment())
                  .get(q.getItemId());
          if (item == null) {
            throw Errors.notFound(ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
          }
          return GetItemResponse.newBuilder().setItem(item).build();
        });
  }

  @Override
  public void updateItem(UpdateItemRequest q, StreamObserver<UpdateItemResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          return UpdateItemResponse.newBuilder().setItem(content.save(items, q.getItem())).build();
        });
  }

  @Override
  public void saveItem(SaveItemRequest q, StreamObserver<SaveItemResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          Item saved = content.save(items, q.getItem());
          return SaveItemResponse.newBuilder()
              .setItem(saved)
              .setOutcome(
                  saved.getRevision() == 1
                      ? WriteOutcome.WRITE_OUTCOME_INSERTED
                      : WriteOutcome.WRITE_OUTCOME_UPDATED)
              .build();
        });
  }

  @Override
  public void batchSaveItems(BatchSaveItemsRequest q, StreamObserver<BatchSaveItemsResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          BatchSaveItemsResponse.Builder answer = BatchSaveItemsResponse.newBuilder();
          for (BatchSaveItemsRequest.Entry entry : q.getEntriesList()) {
            Item saved = content.save(items, entry.getItem());
            answer.addResults(
                BatchSaveItemsResponse.Result.newBuilder()
                    .setItemId(saved.getId())
                    .setRevision(saved.getRevision()));
          }
          return answer.build();
        });
  }

  @Override
  public void deleteItem(DeleteItemRequest q, StreamObserver<DeleteItemResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          boolean there = items.remove(q.getItemId()) != null;
          if (!there && !q.getAllowMissing()) {
            throw Errors.notFound(ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
          }
          return DeleteItemResponse.newBuilder().setDeleted(there).build();
        });
  }

  @Override
  public void batchDeleteItems(
      BatchDeleteItemsRequest q, StreamObserver<BatchDeleteItemsResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          BatchDeleteItemsResponse.Builder answer = BatchDeleteItemsResponse.newBuilder();
          for (BatchDeleteItemsRequest.Entry entry : q.getEntriesList()) {
            if (items.remove(entry.getItemId()) == null) {
              answer.addMissingItemIds(entry.getItemId());
            } else {
              answer.setDeletedCount(answer.getDeletedCount() + 1);
            }
          }
          return answer.build();
        });
  }

  @Override
  public void listItems(ListItemsRequest q, StreamObserver<ListItemsResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> all =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          FakeContent.Page<Item> page =
              FakeContent.page(all.values(), q.getPageToken(), q.getPageSize());
          return ListItemsResponse.newBuilder()
              .addAllItems(page.elements())
              .setNextPageToken(page.next())
              .setTotalSize(all.size())
              .build();
        });
  }

  @Override
  public void countItems(CountItemsRequest q, StreamObserver<CountItemsResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          return CountItemsResponse.newBuilder().setItemCount(items.size()).build();
        });
  }

  @Override
  public void truncateCollection(
      TruncateCollectionRequest q, StreamObserver<TruncateCollectionResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
          int count = items.size();
          items.clear();
          return TruncateCollectionResponse.newBuilder().setDeletedCount(count).build();
        });
  }

  @Override
  public void publishSandbox(PublishSandboxRequest q, StreamObserver<PublishSandboxResponse> o) {
    content.answer(o, PublishSandboxResponse::getDefaultInstance);
  }

  @Override
  public void exportItems(ExportItemsRequest q, StreamObserver<ExportItemsResponse> o) {
    List<Item> all;
    int count;
    try {
      synchronized (content.lock) {
        NavigableMap<String, Item> items =
            content.items(q.getSiteId(), q.getCollectionId(), q.getEnvironment());
        count = items.size();
        all =
            new ArrayList<>(
                q.getAfterItemId().isEmpty()
                    ? items.values()
                    : items.tailMap(q.getAfterItemId(), false).values());
      }
    } catch (StatusRuntimeException e) {
      o.onError(e);
      return;
    }
    o.onNext(
        ExportItemsResponse.newBuilder()
            .setItemCount(count)
            .setSnapshotTime(FakeContent.now())
            .build());
    for (int i = 0; i < all.size(); i += content.exportPage) {
      o.onNext(
          ExportItemsResponse.newBuilder()
              .addAllItems(all.subList(i, Math.min(all.size(), i + content.exportPage)))
              .build());
    }
    o.onCompleted();
  }

  @Override
  public StreamObserver<ImportItemsRequest> importItems(StreamObserver<ImportItemsResponse> o) {
    return new StreamObserver<>() {
      private ImportItemsRequest opening = ImportItemsRequest.getDefaultInstance();
      private boolean failed;

      @Override
      public void onNext(ImportItemsRequest message) {
        if (failed) {
          return;
        }
        try {
          synchronized (content.lock) {
            o.onNext(take(message));
          }
        } catch (StatusRuntimeException e) {
          failed = true;
          o.onError(e);
        }
      }

      private ImportItemsResponse take(ImportItemsRequest message) {
        if (message.getBatchSequence() == 0) {
          opening = message;
          if (message.getCreateCollection()) {
            content.make(message.getSiteId(), message.getCollectionId());
          }
          FakeContent.place(
              content.site(message.getSiteId()),
              message.getCollectionId(),
              message.getEnvironment());
          return content.imports.computeIfAbsent(
                  message.getImportId(), id -> new FakeContent.FakeImport())
              .totals;
        }
        FakeContent.FakeImport run =
            Objects.requireNonNull(content.imports.get(opening.getImportId()));
        long expected = run.totals.getAcknowledgedSequence() + 1;
        if (message.getBatchSequence() > expected) {
          throw Errors.of(
              Code.FAILED_PRECONDITION,
              ErrorReason.ERROR_REASON_IMPORT_SEQUENCE_GAP,
              "Batch " + expected + " is missing.",
              Map.of("expected_sequence", Long.toString(expected)));
        }
        if (message.getBatchSequence() == expected) {
          run.totals = apply(run.totals, message);
        }
        return run.totals;
      }

      private ImportItemsResponse apply(ImportItemsResponse totals, ImportItemsRequest message) {
        NavigableMap<String, Item> items =
            content.items(opening.getSiteId(), opening.getCollectionId(), opening.getEnvironment());
        ImportItemsResponse.Builder next =
            totals.toBuilder().setAcknowledgedSequence(message.getBatchSequence());
        for (Item item : message.getItemsList()) {
          boolean there = items.containsKey(item.getId());
          next.setReceivedCount(next.getReceivedCount() + 1);
          next.setReceivedBytes(next.getReceivedBytes() + item.getData().size());
          if (there && opening.getMode() == ImportMode.IMPORT_MODE_INSERT_ONLY) {
            throw Errors.of(
                Code.ALREADY_EXISTS,
                ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS,
                "Item " + item.getId() + " is there already.",
                Map.of("item_id", item.getId()));
          } else if (there && opening.getMode() == ImportMode.IMPORT_MODE_SKIP_EXISTING) {
            next.setSkippedCount(next.getSkippedCount() + 1);
          } else {
            content.save(items, item);
            if (there) {
              next.setUpdatedCount(next.getUpdatedCount() + 1);
            } else {
              next.setInsertedCount(next.getInsertedCount() + 1);
            }
          }
        }
        return next.build();
      }

      @Override
      public void onError(Throwable t) {}

      @Override
      public void onCompleted() {
        if (!failed) {
          o.onCompleted();
        }
      }
    };
  }
}
