// Waiting, without a clock: for the graph to show something, unless the caller gives up first.
import type { Graph } from '../routes/graph.ts'
import type { Asker } from './asker.ts'

/** What a promise settles with; rejects with the signal’s reason where that comes first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Until something is so, or another promise settles. */
export async function untilShown(
  graph: Graph,
  isSo: () => boolean,
  signal: AbortSignal,
  others: readonly Promise<void>[] = [],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const check = (): void => {
    try {
      if (isSo()) resolve()
    } catch (error) {
      reject(error)
    }
  }
  const unwatch = graph.watch(check)
  try {
    check()
    await orAborted(Promise.race([promise, ...others]), signal)
  } finally {
    unwatch()
  }
}

/** Reads the chain now, without waiting for the node to. */
export async function catchUp({ graph, chain }: Asker, signal: AbortSignal): Promise<void> {
  graph.follow(await orAborted(chain.changes(graph.height), signal))
}
