// What must be so at the end of any story of the network.
import { expect } from 'vitest'
import { ownRequests } from './journals.ts'
import type { Flow, Network } from './network.ts'
import { DEBT_LIMIT, GUARD, PARAMS, PATIENCE, RATE } from './stage.ts'

/** By the journals: no request has two ends, and none is still under way (I9). */
export function expectOneEnd({ actors }: Network): void {
  for (const actor of actors)
    for (const { outcomes, isOpen } of ownRequests(actor.stage.store).values()) {
      expect(isOpen).toBe(false)
      expect(outcomes.length).toBeLessThanOrEqual(1)
    }
}

/** What the contract holds is what it says, each account has what vouchers, penalties and gas left it, and no more is. */
export async function expectMoney(network: Network, flows: readonly Flow[]): Promise<void> {
  const { ledger } = network
  const { there, told } = await ledger.held()
  expect(there).toBe(told)
  for (const { account, has, expected } of network.accounts(flows)) expect([account, has]).toEqual([account, expected])
  expect(ledger.missing).toBe(ledger.spent().burnt)
}

/**
 * I6 and I7: beyond what its own requests took, no edge costs a node more than patience, debt limit, and what ran on for
 * one settlement.
 * @param own what an account's own requests took, less what it was paid for waiting @param atOnce requests at once
 */
export function expectSmallLosses(
  network: Network,
  flows: readonly Flow[],
  own: (account: string) => bigint,
  atOnce: number,
): void {
  const rounding = RATE * BigInt(PARAMS.sync + 2 * PARAMS.latency + GUARD) * BigInt(atOnce)
  const perEdge = PATIENCE + DEBT_LIMIT + rounding
  for (const { account } of network.actors) {
    const edges = flows.filter(({ u, v }) => u === account || v === account).length
    expect(network.earned(flows, account) + own(account)).toBeGreaterThanOrEqual(-perEdge * BigInt(edges))
  }
}
