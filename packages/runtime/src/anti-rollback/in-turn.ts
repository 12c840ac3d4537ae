/** Runs what it is given one after the other, whatever becomes of each. */
export function inTurn(): <T>(act: () => Promise<T>) => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  return (act) => {
    const done = running.then(act)
    running = done.catch(() => {})
    return done
  }
}
