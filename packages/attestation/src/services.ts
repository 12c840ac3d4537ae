/**
 * Evidence that other services publish, judged by the same named checks.
 * @packageDocumentation
 */
export {}
