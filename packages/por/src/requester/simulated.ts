// A requester on a simulated network, for tests: the real machines answer, on virtual time.
import { requestHash } from '@dcml/protocol/por'
import type { Outcome } from '../core/types.ts'
import { Graph } from '../routes/graph.ts'
import type { Network } from '../sim/network.ts'
import { porChain } from '../sim/por-chain.ts'
import type { Asker } from './asker.ts'

export function simulatedAsker(network: Network, account: string): Asker {
  const { ledger } = network
  const graph = Graph.from(ledger.facts(), () => ledger.timestamp)
  ledger.watch((change) => graph.apply(change))
  return {
    account,
    graph,
    chain: porChain(ledger, account),
    signer: network.node(account).signer,
    ask(ask, on) {
      const { promise, resolve } = Promise.withResolvers<Outcome>()
      network.onResult(requestHash(ask.request.body), (effect) => {
        if (effect.kind === 'late') on.late(effect.amount)
        else resolve(effect.outcome)
      })
      network.ask(account, ask)
      return promise
    },
    random: (length) => network.random.bytes(length),
  }
}

/** Lets virtual time go on until a promise settles. */
export async function played<T>(network: Network, promise: Promise<T>): Promise<T> {
  let isOver = false
  const over = (): void => {
    isOver = true
  }
  promise.then(over, over)
  for (;;) {
    // what the last step settled is taken in before time goes on
    await new Promise(setImmediate)
    if (isOver || !network.clock.step()) return promise
  }
}
