/**
 * Who answers when a channel is closed without approval? A small process without secrets that has the enclave's answer
 * in on time (paper §6).
 * @packageDocumentation
 */
export { TIMES, type Times, type WatcherService, type WatcherServiceOptions } from './options.ts'
export { runWatcher } from './service.ts'
