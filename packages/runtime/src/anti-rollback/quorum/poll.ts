import { highestTerm, type Term } from './term.ts'

interface Answer {
  readonly said: string
  readonly by?: Term
}

/** How a question to all peers ended. */
export interface Poll<Yes> {
  /** The first answers that agree, as many as make a majority; null where there can be no majority any more. */
  readonly agreed: readonly Yes[] | null
  /** The highest term that outranked ours. */
  readonly outrankedBy: Term | undefined
  /** Peers that were of another mind, and those that have forgotten. */
  readonly refused: number
  readonly forgotten: number
}

/** More than half: any two majorities have a peer in common. */
export const majorityOf = (peers: number): number => (peers >> 1) + 1

/** Asks all peers at once and waits for no more of them than it needs. */
export function poll<Peer, A extends Answer, Said extends A['said']>(
  peers: readonly Peer[],
  yes: Said,
  ask: (peer: Peer) => Promise<A>,
): Promise<Poll<Extract<A, { said: Said }>>> {
  type Yes = Extract<A, { said: Said }>
  const majority = majorityOf(peers.length)
  const agreed: Yes[] = []
  const outranking: Term[] = []
  let [refused, forgotten, silent] = [0, 0, 0]
  return new Promise((resolve) => {
    const weigh = (): void => {
      const decided = agreed.length >= majority
      if (!decided && peers.length - refused - forgotten - silent >= majority) return
      resolve({ agreed: decided ? agreed.slice() : null, outrankedBy: highestTerm(outranking), refused, forgotten })
    }
    const hear = (answer: A): void => {
      if (answer.said === yes) agreed.push(answer as Yes)
      else if (answer.said === 'forgotten') forgotten++
      else refused++
      if (answer.by) outranking.push(answer.by)
      weigh()
    }
    for (const peer of peers)
      ask(peer).then(hear, () => {
        silent++
        weigh()
      })
  })
}
