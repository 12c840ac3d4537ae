/**
 * The app's side of DCML in a browser: a verified `fetch` through a channel that is sealed to the enclave.
 * @packageDocumentation
 */
export {}
