package dev.cairn.client;

/**
 * One field of a request that the server refused.
 *
 * @param field path of the field as the contract spells it, for example {@code items[3].data}
 * @param description what is wrong with it and what would be right
 */
public record FieldViolation(String field, String description) {}
