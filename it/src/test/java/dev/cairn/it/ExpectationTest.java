package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The judge of the polyglot story notices what is wrong. */
class ExpectationTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static List<String> differences(String expected, String actual)
      throws JsonProcessingException {
    return new Expectation(JSON.readTree(expected)).differences(JSON.readTree(actual));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}                         | {\"a\":1}",
        "{\"a\":1}                  | {\"a\":\"1\",\"b\":2}",
        "{\"a\":null}               | {\"b\":2}",
        "{\"a\":[{},{\"b\":true}]}  | {\"a\":[{\"c\":1},{\"b\":true}]}",
        "{\"a\":\"/x+/\"}           | {\"a\":\"xxx\"}",
        "{\"a\":{\"$size\":2}}      | {\"a\":[1,2]}",
        "{\"a\":{\"$some\":[2]}}    | {\"a\":[1,2,3]}",
        "{\"a\":{\"$json\":{\"n\":1}}} | {\"a\":\"eyJuIjoxLCJtIjoyfQ==\"}",
      })
  void takesWhatFits(String expected, String actual) throws JsonProcessingException {
    assertThat(differences(expected, actual)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":1}                  | {\"b\":1}",
        "{\"a\":1}                  | {\"a\":2}",
        "{\"a\":\"\"}               | {}",
        "{\"a\":{}}                 | {}",
        "{\"a\":null}               | {\"a\":0}",
        "{\"a\":[{}]}               | {\"a\":[]}",
        "{\"a\":[1]}                | {\"a\":[1,2]}",
        "{\"a\":[1,2]}              | {\"a\":[2,1]}",
        "{\"a\":\"/x+/\"}           | {\"a\":\"xxy\"}",
        "{\"a\":{\"$size\":2}}      | {\"a\":[1]}",
        "{\"a\":{\"$some\":[4]}}    | {\"a\":[1,2,3]}",
        "{\"a\":{\"$json\":{\"n\":2}}} | {\"a\":\"eyJuIjoxLCJtIjoyfQ==\"}",
      })
  void findsWhatDoesNotFit(String expected, String actual) throws JsonProcessingException {
    assertThat(differences(expected, actual)).isNotEmpty();
  }
}
