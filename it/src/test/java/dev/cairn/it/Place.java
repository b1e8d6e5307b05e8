package dev.cairn.it;

import dev.cairn.v1.Environment;

/** Where items are: a collection of a site, in one environment. */
record Place(String collectionId, Environment environment) implements Comparable<Place> {
  static Place live(String collectionId) {
    return new Place(collectionId, Environment.ENVIRONMENT_LIVE);
  }

  static Place sandbox(String collectionId) {
    return new Place(collectionId, Environment.ENVIRONMENT_SANDBOX);
  }

  boolean isLive() {
    return environment == Environment.ENVIRONMENT_LIVE;
  }

  @Override
  public int compareTo(Place other) {
    int order = collectionId.compareTo(other.collectionId);
    return order != 0 ? order : environment.compareTo(other.environment);
  }

  @Override
  public String toString() {
    return isLive() ? collectionId : collectionId + " (sandbox)";
  }
}
