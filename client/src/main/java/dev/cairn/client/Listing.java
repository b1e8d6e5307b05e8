package dev.cairn.client;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A list on the server that is fetched page by page, as far as it is read. Making one calls nobody;
 * each iteration begins anew. The {@code page_size} of the request is the size of one fetch, not a
 * limit of the list.
 *
 * <p>Iterating throws {@link CairnException}. The listing is immutable and thread-safe, its
 * iterators and streams are for one thread.
 */
public final class Listing<T> implements Iterable<T> {
  record Page<T>(List<T> elements, String nextPageToken) {}

  private final String firstPageToken;
  private final Function<String, Page<T>> fetch;

  /**
   * @param firstPageToken where it begins; empty: with the first page
   * @param fetch the page of a token
   */
  Listing(String firstPageToken, Function<String, Page<T>> fetch) {
    this.firstPageToken = firstPageToken;
    this.fetch = fetch;
  }

  @Override
  public Iterator<T> iterator() {
    return new Elements<>(firstPageToken, fetch);
  }

  /** The elements, lazily; nothing needs closing. */
  public Stream<T> stream() {
    return StreamSupport.stream(spliterator(), false);
  }

  /** All elements, in memory. */
  public List<T> toList() {
    return stream().toList();
  }

  /** The first element. */
  public Optional<T> first() {
    Iterator<T> elements = iterator();
    return elements.hasNext() ? Optional.of(elements.next()) : Optional.empty();
  }

  private static final class Elements<T> implements Iterator<T> {
    private final Function<String, Page<T>> fetch;
    private Iterator<T> page = List.<T>of().iterator();
    private String nextPageToken;
    private boolean last;

    Elements(String firstPageToken, Function<String, Page<T>> fetch) {
      this.nextPageToken = firstPageToken;
      this.fetch = fetch;
    }

    @Override
    public boolean hasNext() {
      // A page may be empty before the last one.
      while (!page.hasNext() && !last) {
        Page<T> next = fetch.apply(nextPageToken);
        page = next.elements().iterator();
        nextPageToken = next.nextPageToken();
        last = nextPageToken.isEmpty();
      }
      return page.hasNext();
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return page.next();
    }
  }
}
