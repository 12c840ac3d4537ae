import type { ServerResponse } from 'node:http'
import { DcmlError } from '@dcml/protocol'

/** How long the engine may work on one request. */
export interface Lifetime {
  /** Fires when the client has gone, the time is up, or the runtime stops waiting for answers. */
  readonly signal: AbortSignal
  /** Stops watching; to be called when the answer is out. */
  end(): void
}

export function lifetimeOf(outgoing: ServerResponse, generationMs: number, shutdown: AbortSignal): Lifetime {
  const stop = new AbortController()
  const onClose = (): void => stop.abort(clientGone())
  const onShutdown = (): void => stop.abort(shutdown.reason)
  const late = setTimeout(() => stop.abort(tooLate(generationMs)), generationMs)
  outgoing.once('close', onClose)
  shutdown.addEventListener('abort', onShutdown)
  return {
    signal: stop.signal,
    end() {
      clearTimeout(late)
      outgoing.off('close', onClose)
      shutdown.removeEventListener('abort', onShutdown)
    },
  }
}

/** True where a request ended because its reader left, and not by anything here. */
export const isReaderGone = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && DcmlError.isInstance(reason) && reason.code === 'client_gone'

/** Why something ends whose client went away. */
export const clientGone = (): DcmlError =>
  new DcmlError('client_gone', 'The client closed the connection.', { hint: 'Ask again.', retryable: true })

const tooLate = (ms: number): DcmlError =>
  new DcmlError('engine_timeout', `The answer took longer than ${ms / 1000} seconds.`, {
    hint: 'Ask for less, or ask the host to raise its limit.',
  })
