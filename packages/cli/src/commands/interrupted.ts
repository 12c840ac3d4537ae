let controller: AbortController | undefined

/** Aborts at the first Ctrl-C, for work that cleans up; a second one ends the process as usual. */
export function interrupted(): AbortSignal {
  if (controller === undefined) {
    const made = new AbortController()
    controller = made
    process.once('SIGINT', () => made.abort(new DOMException('Interrupted.', 'AbortError')))
  }
  return controller.signal
}
