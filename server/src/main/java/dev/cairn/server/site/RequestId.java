package dev.cairn.server.site;

/**
 * Makes a creating call safe to repeat.
 *
 * @param value the caller's UUID in its canonical lower-case form
 * @param fingerprint tells two requests apart that carry the same id
 */
public record RequestId(String value, String fingerprint) {}
