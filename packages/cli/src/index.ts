/**
 * The `dcml` command as a function.
 * @packageDocumentation
 */
export { run } from './program.ts'
