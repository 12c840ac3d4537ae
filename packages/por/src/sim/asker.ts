import { requestHash } from '@dcml/protocol/por'
import type { Outcome } from '../core/types.ts'
import type { Asker } from '../requester/asker.ts'
import type { Network } from './network.ts'
import { porChain } from './por-chain.ts'

/** Asks through a node of a simulation, as an application asks through a node that runs. Use it within {@link live}. */
export function askerOf(network: Network, account: string): Asker {
  return {
    account,
    graph: network.graph,
    chain: porChain(network.ledger, account),
    signer: network.node(account).signer,
    random: (length) => network.random.bytes(length),
    ask: (ask, on) =>
      new Promise<Outcome>((resolve) => {
        network.onResult(requestHash(ask.request.body), (effect) => {
          if (effect.kind === 'late') on.late(effect.amount)
          else resolve(effect.outcome)
        })
        network.ask(account, ask)
      }),
  }
}

/** Lets virtual time go on until asynchronous work is done. @throws RangeError where nothing happens any more before that */
export async function live<T>(network: Network, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = (): void => {
    isDone = true
  }
  work.then(done, done)
  for (let quiet = 0; !isDone; ) {
    // what the work does next, it does in microtasks
    for (let turn = 0; turn < 8; turn++) await null
    if (isDone) break
    quiet = network.clock.step() ? 0 : quiet + 1
    if (quiet > 100) throw new RangeError('the work waits for something that does not happen')
  }
  return work
}
