/** Runs again and again, with a pause after each run, until the signal aborts. @param run never rejects */
export async function repeat(pauseMs: number, run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await run()
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, pauseMs)
      signal.addEventListener('abort', wake)
    })
  }
}
