package dev.cairn.server.grpc;

import com.google.protobuf.Value;
import dev.cairn.server.site.query.Decimal;
import dev.cairn.server.site.query.FieldValue;
import dev.cairn.server.site.query.Position;
import dev.cairn.server.store.SampleItems;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.Filter;
import dev.cairn.v1.QueryItemsRequest;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The token of a query's next page, made with one answer and read with the next request; the limit
 * is the position that it holds, without the seal.
 */
@State(Scope.Benchmark)
public class PageTokensBenchmark {
  private final QueryItemsRequest request =
      QueryItemsRequest.newBuilder()
          .setSiteId("shop")
          .setCollectionId("places")
          .setFilter(
              Filter.newBuilder()
                  .setComparison(
                      Comparison.newBuilder()
                          .setField("country")
                          .setEq(Value.newBuilder().setStringValue("IT"))))
          .build();

  private final Position position =
      new Position(
          List.of(new FieldValue.Num(Decimal.of(45_000)), new FieldValue.Text("place 7")),
          SampleItems.id(7));

  @Benchmark
  public Position token() {
    String token = PageTokens.make(request, position.encode());
    return Position.decode(PageTokens.position(request, token));
  }

  @Benchmark
  public Position positionLimit() {
    return Position.decode(position.encode());
  }
}
