/** What every world must keep to, whatever anyone in it does. */
export const PROPERTIES = [
  'funds conserved',
  'an honest payer and a genuine enclave never disagree',
  'never two approvals of different amounts for one channel',
  'never served after a rollback is noticed',
  'honest, online Bob never loses his lock',
  'Charlie is paid for every delivered token or gets the lock',
  'honest Alice pays for no undelivered token beyond one step',
  'every channel ends',
  'offline theft never pays',
] as const
export type Property = (typeof PROPERTIES)[number]

/** Properties that do not hold. */
export class Broken extends Error {
  readonly properties: readonly Property[]

  constructor(properties: readonly Property[], why: string) {
    super(why)
    this.properties = properties
  }
}

/** Looks at each of some properties, whatever became of the others. @throws Broken with all that do not hold */
export function holdTogether(checks: readonly (() => void)[]): void {
  const found: Broken[] = []
  for (const check of checks)
    try {
      check()
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      found.push(error)
    }
  if (found.length === 0) return
  const properties = found.flatMap(({ properties }) => properties)
  throw new Broken([...new Set(properties)], found.map(({ message }) => message).join('\n'))
}
