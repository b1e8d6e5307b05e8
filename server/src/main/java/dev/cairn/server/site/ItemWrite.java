package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import java.util.OptionalLong;

/**
 * An item as a caller wants it.
 *
 * @param id given by the caller or made for it; never empty
 * @param data one JSON object as UTF-8 text
 * @param owner empty: a new item has none, an existing one keeps its own
 * @param expectedRevision the revision it must have now; 0: it must not exist; empty: any
 */
public record ItemWrite(String id, ByteString data, String owner, OptionalLong expectedRevision) {}
