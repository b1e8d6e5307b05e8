package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.FieldMask;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Looks a request over and remembers everything that is wrong with it, each thing with the path of
 * its field as the contract spells it. {@link #done} refuses the request if there was anything.
 *
 * <p>Confined to one call.
 */
final class Check {
  private static final Pattern UUID_FORM =
      Pattern.compile(
          "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

  private static final int MAX_ID_BYTES = 256;
  private static final int MAX_TEXT = 1_000;
  private static final int MAX_LABELS = 64;
  private static final int MAX_LABEL_KEY_BYTES = 128;
  private static final int MAX_LABEL_VALUE_BYTES = 256;
  private static final int MAX_COLLECTION_IDS = 1_000;
  private static final int MAX_QUOTED = 64;
  private static final long MAX_DURATION_SECONDS = 315_576_000_000L;

  /** What an answer has room for; looking for more is wasted work. */
  private static final int MAX_VIOLATIONS = 100;

  private final Limits limits;
  private final List<FieldViolation> violations = new ArrayList<>();

  Check(Limits limits) {
    this.limits = limits;
  }

  Limits limits() {
    return limits;
  }

  /** Refuses the request if anything is wrong with it. */
  void done() {
    if (!violations.isEmpty()) {
      throw ServiceException.invalid(violations);
    }
  }

  /** Whether nothing was found wrong so far. */
  boolean isFine() {
    return violations.isEmpty();
  }

  /** Whether there is no need to look any further. */
  boolean full() {
    return violations.size() >= MAX_VIOLATIONS;
  }

  Check that(boolean right, String field, String otherwise) {
    if (!right && !full()) {
      violations.add(new FieldViolation(field, otherwise));
    }
    return this;
  }

  /** Checks a part only if it is there. */
  Check when(boolean present, Consumer<Check> part) {
    if (present) {
      part.accept(this);
    }
    return this;
  }

  Check site(String id) {
    return siteId("site_id", id);
  }

  Check siteId(String field, String id) {
    return required(field, id)
        .that(
            id.isEmpty() || SiteId.isValid(id),
            field,
            quoted(id)
                + " is not a site id: 1 to 64 characters of A-Z a-z 0-9 . _ - that begin with a"
                + " letter or digit and do not end with a dot");
  }

  Check collection(String id) {
    return collectionId("collection_id", id);
  }

  Check collectionId(String field, String id) {
    return required(field, id)
        .that(
            id.isEmpty() || CollectionId.isValid(id),
            field,
            quoted(id)
                + " is not a collection id: 1 to 256 characters of A-Z a-z 0-9 . _ - that begin"
                + " with a letter or digit");
  }

  /** Ids of which none may come twice; none at all means all. */
  Check collectionIds(String field, List<String> ids) {
    atMost(field, ids.size(), MAX_COLLECTION_IDS, "ids");
    for (int i = 0; i < ids.size() && !full(); i++) {
      collectionId(at(field, i), ids.get(i));
    }
    return distinct(ids, i -> at(field, i));
  }

  Check backup(String id) {
    return madeId("backup_id", id, "a backup");
  }

  Check restoration(String id) {
    return madeId("restoration_id", id, "a restoration");
  }

  /** An id that the server made. */
  Check madeId(String field, String id, String what) {
    return required(field, id)
        .that(
            id.isEmpty() || BackupId.isValid(id),
            field,
            quoted(id) + " is not the id of " + what + ": a-z 0-9 and hyphens, at most 64");
  }

  Check itemId(String field, String id) {
    return required(field, id).plain(field, id, MAX_ID_BYTES);
  }

  Check required(String field, String value) {
    return that(!value.isEmpty(), field, "is required");
  }

  Check required(String field, boolean present) {
    return that(present, field, "is required");
  }

  /** Text without control characters. */
  Check plain(String field, String value, int maxBytes) {
    int bytes = value.length() * 3 <= maxBytes ? 0 : value.getBytes(UTF_8).length;
    if (bytes > maxBytes) {
      that(false, field, "has " + bytes + " bytes of UTF-8; at most " + maxBytes + " are allowed");
    }
    return that(!hasControl(value), field, "has a control character");
  }

  private static boolean hasControl(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isISOControl(value.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  /** Text for people. */
  Check text(String field, String value) {
    int characters = value.codePointCount(0, value.length());
    return that(
        characters <= MAX_TEXT,
        field,
        "has " + characters + " characters; at most " + MAX_TEXT + " are allowed");
  }

  Check labels(String field, Map<String, String> labels) {
    atMost(field, labels.size(), MAX_LABELS, "labels");
    return labelTexts(field, labels);
  }

  /** Labels that are looked for. */
  Check labelFilter(String field, Map<String, String> labels) {
    atMost(field, labels.size(), limits.filterValues(), "labels");
    return labelTexts(field, labels);
  }

  private Check labelTexts(String field, Map<String, String> labels) {
    labels.forEach(
        (key, value) -> {
          that(!key.isEmpty(), field, "has a label with an empty key");
          plain(field + "[" + quoted(key) + "]", key, MAX_LABEL_KEY_BYTES);
          plain(field + "[" + quoted(key) + "]", value, MAX_LABEL_VALUE_BYTES);
        });
    return this;
  }

  /** An id chosen by the client, or none. */
  Check requestId(String id) {
    return that(
        id.isEmpty() || UUID_FORM.matcher(id).matches(), "request_id", quoted(id) + notUuid());
  }

  Check importId(String id) {
    return required("import_id", id)
        .that(id.isEmpty() || UUID_FORM.matcher(id).matches(), "import_id", quoted(id) + notUuid());
  }

  private static String notUuid() {
    return " is not a UUID such as 123e4567-e89b-12d3-a456-426614174000";
  }

  /** A value of an enum that this server knows. */
  Check known(String field, Enum<?> value) {
    return that(
        !value.name().equals("UNRECOGNIZED"), field, "has a value that this server does not know");
  }

  /** Values of an enum to look for; {@code unspecified} is none. */
  <E extends Enum<E>> Check knownFilter(String field, List<E> values, E unspecified) {
    atMost(field, values.size(), limits.filterValues(), "values");
    for (int i = 0; i < values.size(); i++) {
      known(at(field, i), values.get(i));
      that(values.get(i) != unspecified, at(field, i), "must say what to look for");
    }
    return this;
  }

  Check pageSize(int size) {
    return that(
        size >= 0 && size <= limits.pageSize(),
        "page_size",
        size + " is not between 0 and " + limits.pageSize());
  }

  Check atMost(String field, int count, int max, String what) {
    return that(
        count <= max, field, "has " + count + " " + what + "; at most " + max + " are allowed");
  }

  Check batch(String field, int count) {
    return that(
        count >= 1 && count <= limits.batchItems(),
        field,
        "has " + count + " entries; 1 to " + limits.batchItems() + " are allowed");
  }

  /** Nothing may come twice; empty texts do not count. */
  Check distinct(List<String> values, java.util.function.IntFunction<String> path) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < values.size() && !full(); i++) {
      String value = values.get(i);
      if (!value.isEmpty() && !seen.add(value)) {
        that(false, path.apply(i), quoted(value) + " comes twice");
      }
    }
    return this;
  }

  /** A span that is one: within 10,000 years, its two parts of one sign. */
  Check duration(String field, com.google.protobuf.Duration duration) {
    long seconds = duration.getSeconds();
    int nanos = duration.getNanos();
    boolean right =
        Math.abs(seconds / 2) <= MAX_DURATION_SECONDS / 2
            && nanos > -1_000_000_000
            && nanos < 1_000_000_000
            && (seconds == 0 || nanos == 0 || (seconds > 0) == (nanos > 0));
    return that(right, field, "is not a duration");
  }

  /** A revision to compare with; {@code least} is 0 where it may say that there is nothing yet. */
  Check expectedRevision(String field, boolean present, long revision, long least) {
    return that(
        !present || revision >= least, field, revision + " is less than " + least + ", the least");
  }

  /** Paths of which at least one must be there, each one of {@code allowed} or {@code *}. */
  Check mask(String field, FieldMask mask, Collection<String> allowed) {
    that(
        mask.getPathsCount() > 0,
        field,
        "is required: " + String.join(", ", allowed) + " or * for all of them");
    for (String path : mask.getPathsList()) {
      that(
          path.equals("*") || allowed.contains(path),
          field,
          quoted(path)
              + " cannot be updated; "
              + String.join(", ", allowed)
              + " can, or * for all");
    }
    return this;
  }

  static String at(String field, int index) {
    return field + "[" + index + "]";
  }

  static String quoted(String value) {
    int end =
        value.offsetByCodePoints(0, Math.min(MAX_QUOTED, value.codePointCount(0, value.length())));
    return '"' + value.substring(0, end) + (end < value.length() ? "..." : "") + '"';
  }
}
