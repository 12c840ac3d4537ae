import type { Property } from './broken.ts'

/** Rules that a world can be made to break, one at a time, and the property that must notice. */
export const FLAWS = {
  // the contract
  'approvals need no signature': 'Charlie is paid for every delivered token or gets the lock',
  'the deposit is not checked': 'funds conserved',
  'a transfer that fails is forgotten': 'funds conserved',
  'a forced closure can be finished at once': 'honest, online Bob never loses his lock',
  'only the payer may expire a channel': 'every channel ends',
  'the lock of a silent host goes back to it': 'Charlie is paid for every delivered token or gets the lock',
  // the enclave
  'an enclave forgets a channel when it has approved it': 'never two approvals of different amounts for one channel',
  'the anti-rollback device takes every state': 'Charlie is paid for every delivered token or gets the lock',
  'an enclave goes on after it noticed a rollback': 'never served after a rollback is noticed',
  'tokens are sent before they are written': 'Charlie is paid for every delivered token or gets the lock',
  'every token is counted twice': 'honest Alice pays for no undelivered token beyond one step',
  'a receipt says too much': 'an honest payer and a genuine enclave never disagree',
  'a channel that was never taken up is not approved': 'honest, online Bob never loses his lock',
  // the parties
  'the watcher sleeps': 'honest, online Bob never loses his lock',
  'the watcher tries once': 'honest, online Bob never loses his lock',
  'the payer signs what is asked': 'honest Alice pays for no undelivered token beyond one step',
} as const satisfies Record<string, Property>

export type Flaw = keyof typeof FLAWS
export type Flaws = ReadonlySet<Flaw>
