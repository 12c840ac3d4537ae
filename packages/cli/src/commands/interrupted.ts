import { constants } from 'node:os'
import { DcmlError } from '@dcml/protocol'

/** Why work was ended from outside, and the exit code that shells give for it. */
export interface Interruption {
  readonly error: DcmlError
  readonly exitCode: number
}

const controller = new AbortController()
let listening = false
let came: Interruption | undefined

/**
 * Aborts at the first Ctrl-C or SIGTERM, for work that cleans up. A later one ends the process at once; not one that
 * comes with the first, because npm, `timeout` and terminals each pass the same signal on.
 */
export function interrupted(): AbortSignal {
  if (!listening) for (const signal of ['SIGINT', 'SIGTERM'] as const) listen(signal)
  listening = true
  return controller.signal
}

/** The signal that ended this process's work, if one did. */
export const interruption = (): Interruption | undefined => came

function listen(signal: 'SIGINT' | 'SIGTERM'): void {
  let first = 0
  process.on(signal, () => {
    if (came !== undefined && performance.now() - first > 1000) process.exit(came.exitCode)
    if (came !== undefined) return
    first = performance.now()
    came = { error: endedBy(signal), exitCode: 128 + constants.signals[signal] }
    controller.abort(came.error)
  })
}

const endedBy = (signal: string): DcmlError =>
  new DcmlError('interrupted', `The command was ended by ${signal}.`, {
    hint: 'Type it again. A seal goes on where it stopped, a training with --resume.',
    retryable: true,
  })
