import { DcmlError } from '@dcml/protocol'

/**
 * Waits, in Node and browsers alike.
 * @throws DcmlError `near_cancelled` as soon as `signal` aborts
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer)
      reject(
        new DcmlError('near_cancelled', 'The call was cancelled.', {
          hint: 'A transaction that was already sent may still happen: look it up by its hash.',
          cause: signal?.reason,
        }),
      )
    }
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', cancel)
      resolve()
    }, ms)
    if (signal?.aborted) cancel()
    else signal?.addEventListener('abort', cancel, { once: true })
  })
}
