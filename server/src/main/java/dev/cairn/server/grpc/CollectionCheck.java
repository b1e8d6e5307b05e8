package dev.cairn.server.grpc;

import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.FieldType;
import java.util.List;

/** What the contract asks of a collection's schema and views. Confined to one call. */
final class CollectionCheck {
  private static final int MAX_VIEWS = 100;
  private static final int MAX_VIEW_FIELDS = 1_000;
  private static final int MAX_NAME_BYTES = 256;

  private final Check check;

  CollectionCheck(Check check) {
    this.check = check;
  }

  void displayName(Collection collection) {
    check.text("collection.display_name", collection.getDisplayName());
  }

  void size(Collection collection) {
    check.that(
        collection.getSerializedSize() <= check.limits().answerBytes(),
        "collection",
        "is too large for one message; declare less");
  }

  void fields(List<CollectionField> fields) {
    String path = "collection.fields";
    check.atMost(path, fields.size(), check.limits().collectionFields(), "fields");
    for (int i = 0; i < fields.size() && !check.full(); i++) {
      field(Check.at(path, i), fields.get(i));
    }
    check.distinct(
        fields.stream().map(CollectionField::getKey).toList(), i -> Check.at(path, i) + ".key");
  }

  private void field(String path, CollectionField field) {
    boolean reference =
        field.getType() == FieldType.FIELD_TYPE_REFERENCE
            || field.getType() == FieldType.FIELD_TYPE_MULTI_REFERENCE;
    String referenced = field.getReferencedCollectionId();
    check
        .required(path + ".key", field.getKey())
        .plain(path + ".key", field.getKey(), MAX_NAME_BYTES)
        .known(path + ".type", field.getType())
        .text(path + ".display_name", field.getDisplayName())
        .text(path + ".description", field.getDescription())
        .that(
            reference || referenced.isEmpty(),
            path + ".referenced_collection_id",
            "is only for the types REFERENCE and MULTI_REFERENCE")
        .when(
            reference && !referenced.isEmpty(),
            part -> part.collectionId(path + ".referenced_collection_id", referenced));
  }

  void views(List<CollectionView> views) {
    String path = "collection.views";
    check.atMost(path, views.size(), MAX_VIEWS, "views");
    for (int i = 0; i < views.size() && !check.full(); i++) {
      view(Check.at(path, i), views.get(i));
    }
    check.distinct(
        views.stream().map(CollectionView::getName).toList(), i -> Check.at(path, i) + ".name");
  }

  private void view(String path, CollectionView view) {
    check
        .required(path + ".name", view.getName())
        .plain(path + ".name", view.getName(), MAX_NAME_BYTES)
        .atMost(path + ".fields", view.getFieldsCount(), MAX_VIEW_FIELDS, "fields");
    for (int i = 0; i < view.getFieldsCount(); i++) {
      String at = Check.at(path + ".fields", i);
      check.required(at, view.getFields(i)).plain(at, view.getFields(i), MAX_NAME_BYTES);
    }
    FilterCheck parts = new FilterCheck(check);
    parts.filter(path + ".filter", view.getFilter());
    parts.sort(path + ".sort", view.getSortList());
  }
}
