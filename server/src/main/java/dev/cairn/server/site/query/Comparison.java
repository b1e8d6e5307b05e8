package dev.cairn.server.site.query;

import dev.cairn.server.site.query.FieldValue.Text;
import dev.cairn.server.site.query.FieldValue.Time;
import java.util.function.Consumer;

/**
 * Puts a condition to the value of a field. Texts that are compared with a time become times.
 *
 * <p>Throws {@code IllegalArgumentException} for a text that is compared with a time and is none.
 */
public record Comparison(Field field, Condition condition) implements Filter {
  public Comparison {
    if (field instanceof Field.Attribute attribute && attribute.isTime()) {
      condition =
          condition.map(value -> value instanceof Text text ? Time.parse(text.value()) : value);
    }
  }

  @Override
  public boolean matches(FieldReader fields) {
    return condition.test(fields.value(field));
  }

  @Override
  public void forEach(Consumer<Comparison> visitor) {
    visitor.accept(this);
  }
}
