import { setFlagsFromString } from 'node:v8'

/** Node's first major with the flag; older ones would complain about it on stderr. */
const FIRST_NODE = 24

let done = false

/**
 * Code that outgrew the small memory has 64 MiB for each call, little of it touched, and V8 answers every few of those
 * with a full collection, a cost that grows with the heap of the process. Counted within its limits for the whole heap,
 * V8 collects when it needs to.
 */
export function relaxCollection(): void {
  if (done) return
  done = true
  if (Number.parseInt(process.versions.node, 10) >= FIRST_NODE)
    setFlagsFromString('--external-memory-accounted-in-global-limit')
}
