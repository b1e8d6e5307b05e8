package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.eq;
import static dev.cairn.server.site.query.Documents.ordered;
import static dev.cairn.server.site.query.Documents.values;
import static dev.cairn.server.site.query.Documents.where;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cairn.server.store.SampleItems;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * A filter over one item, as a query does it for each item that it passes. The limit is to walk
 * over the tokens of its JSON; the other way to do it would be to make a tree of them.
 */
@State(Scope.Benchmark)
public class FilterBenchmark {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final JsonFactory JSON = new JsonFactory();

  private final Filter filter =
      new Filter.AllOf(
          List.of(
              where("population", ordered(Condition.Side.GREATER_OR_EQUAL, "1000")),
              where("tags", new Condition.HasSome(values("\"dune\"", "\"heron\"", "\"iris\""))),
              new Filter.AnyOf(List.of(eq("country", "\"IT\""), eq("location.lat", "45.25")))));

  private final FieldReader fields = FieldReader.of(filter, List.of());
  private final List<StoredItem> items =
      IntStream.range(0, 1_000).mapToObj(SampleItems::item).toList();
  private int next;

  private StoredItem next() {
    next = (next + 1) % items.size();
    return items.get(next);
  }

  @Benchmark
  public boolean filter() {
    fields.read(next());
    return filter.matches(fields);
  }

  @Benchmark
  public JsonNode tree() throws IOException {
    return MAPPER.readTree(next().data().newInput());
  }

  @Benchmark
  public void tokensLimit(Blackhole taken) throws IOException {
    try (JsonParser parser = JSON.createParser(next().data().newInput())) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        taken.consume(token);
      }
    }
  }
}
