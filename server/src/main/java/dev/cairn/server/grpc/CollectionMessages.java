package dev.cairn.server.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.CollectionRecord.Declaration;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.SiteId;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CollectionView;
import java.util.Base64;

/** Collections as the contract has them. */
final class CollectionMessages {
  private CollectionMessages() {}

  static Collection toProto(SiteId siteId, Collections.Counted counted) {
    CollectionRecord record = counted.record();
    Collection.Builder message =
        Collection.newBuilder()
            .setSiteId(siteId.value())
            .setId(record.id().value())
            .setDisplayName(record.displayName())
            .setRevision(record.revision())
            .setCreateTime(Times.toProto(record.createTime()))
            .setUpdateTime(Times.toProto(record.updateTime()))
            .setLiveItemCount(counted.live().itemCount())
            .setSandboxItemCount(counted.sandbox().itemCount());
    record.fields().forEach(each -> message.addFields(parse(CollectionField.parser(), each)));
    record.views().forEach(each -> message.addViews(view(each)));
    return message.build();
  }

  static Collections.Description description(Collection message) {
    return new Collections.Description(
        message.getDisplayName(),
        message.getFieldsList().stream().map(each -> declaration(each.getKey(), each)).toList(),
        message.getViewsList().stream().map(each -> declaration(each.getName(), each)).toList());
  }

  private static Declaration declaration(String name, Message message) {
    return new Declaration(name, Base64.getEncoder().encodeToString(message.toByteArray()));
  }

  static CollectionView view(Declaration declaration) {
    return parse(CollectionView.parser(), declaration);
  }

  private static <M> M parse(Parser<M> parser, Declaration declaration) {
    try {
      return parser.parseFrom(
          ByteString.copyFrom(Base64.getDecoder().decode(declaration.message())));
    } catch (InvalidProtocolBufferException e) {
      throw new ServiceException(
          Reason.DATA_CORRUPT, java.util.Map.of(), "the collection's schema cannot be read", e);
    }
  }
}
