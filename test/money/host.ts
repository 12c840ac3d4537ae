import {
  approved,
  attempted,
  closeArguments,
  decide,
  type EnclaveIdentity,
  type Mark,
  observe,
  type StoredState,
  startWatcher,
  type Watcher,
} from '@dcml/channels'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { formatApproval, type Signer, toHex } from '@dcml/protocol'
import { type Approved, PERIOD_MS } from './chain.ts'
import type { Draws } from './draws.ts'
import type { Flaws } from './flaws.ts'
import { bytesOf, signerOf } from './keys.ts'
import { Machine } from './machine.ts'
import { arrive } from './network.ts'
import { CHAIN } from './proofs.ts'
import type { World } from './world.ts'

/** A state on a disk, and its mark; null where it was not marked yet. */
export interface Snapshot {
  readonly state: StoredState
  mark: Mark | null
}

/** Who owns machines with an enclave on them: its disk and its anti-rollback device, which it cannot turn back. */
export class Host {
  readonly world: World
  readonly account: string
  readonly session: Signer
  readonly identity: EnclaveIdentity
  readonly device = memoryAntiRollback()
  /** The disk after every write that ever was, the newest last. */
  readonly disk: Snapshot[] = []
  /** The machine, and copies of it. */
  readonly machines: Machine[] = []
  isCopied = false
  /** Milliseconds that its enclaves' clock is wrong. */
  skew = 0

  constructor(world: World, name: string) {
    this.world = world
    this.account = `${name}.test`
    this.session = signerOf(`${name}'s enclave`)
    this.identity = { chain: CHAIN, sessionKey: this.session.publicKey, modelH: bytesOf('model'), host: this.account }
    this.machines.push(new Machine(this))
  }

  get flaws(): Flaws {
    return this.world.flaws
  }

  get sessionKey(): string {
    return toHex(this.session.publicKey)
  }

  /** The machine that a message is sent to: mostly the first one. */
  front(draws: Draws): Machine {
    return (draws.chance(75) ? this.machines[0] : draws.one(this.machines)) as Machine
  }

  /** What an honest host does after a power cut. */
  async restart(): Promise<void> {
    const [machine] = this.machines
    if (machine?.isDown) await machine.start(this.newest, this.disk.length === 0)
  }

  /** What an honest disk has: the last state, and the last that was marked. */
  get newest(): readonly Snapshot[] {
    const marked = this.disk.findLast(({ mark }) => mark !== null)
    return [marked, this.disk.at(-1)].filter((snapshot) => snapshot !== undefined)
  }

  /** The last state is about to be marked. */
  mark(mark: Mark): void {
    const last = this.disk.at(-1)
    if (last !== undefined) last.mark = mark
  }
}

/** A watcher process with `@dcml/channels`' machine in it, for one host; whoever runs it holds no key. */
export class WatcherProcess {
  readonly #host: Host
  #watcher: Watcher

  constructor(host: Host) {
    const times = { warnBeforeMs: 2, urgentBeforeMs: 1, retryMs: PERIOD_MS / 20, blindAfterMs: PERIOD_MS }
    this.#host = host
    this.#watcher = startWatcher({ chain: CHAIN, hosts: [host.account], ...times }, 0, 0)
  }

  /** Reads on and does what is due; some attempts fail, but none where it is the last chance. */
  async run(draws: Draws, isLastChance: boolean): Promise<void> {
    const { world } = this.#host
    if (world.flaws.has('the watcher sleeps')) return
    const { chain } = world
    const events = chain.events.map(({ event, call, block, receiptId }) => ({
      contractId: call.contractId,
      ...event,
      blockHeight: block.height,
      blockHash: block.hash,
      receiptId,
    }))
    this.#watcher = observe(this.#watcher, { events, next: chain.height + 1 }, chain.now)
    // asked, then submitted
    for (let round = 0; round < 2; round++)
      for (const task of decide(this.#watcher, chain.now).tasks) {
        const once = world.flaws.has('the watcher tries once')
        if (once && (this.#watcher.channels.get(task.channelId)?.attempts ?? 0) > 0) continue
        this.#watcher = attempted(this.#watcher, task.channelId, chain.now)
        if (draws.chance(40) && (once || !isLastChance)) continue
        if (task.task === 'submit-answer') {
          chain.call('answer_close', 'watcher.test', approvedOf(task.approval))
          continue
        }
        const proof = chain.events.find(({ receiptId }) => receiptId === task.closing.receiptId)
        const [machine] = this.#host.machines
        await arrive(async () => {
          const signed = await machine!.answerClosure(proof!)
          this.#watcher = approved(this.#watcher, task.channelId, formatApproval(signed))
        })
      }
  }
}

/** Arguments of `close`, from the text that an enclave gave. */
export function approvedOf(text: string): Approved {
  const { channel_id, challenge, prompt_tokens, completion_tokens, spent, counter, signature } = closeArguments(text)
  return {
    channelId: channel_id,
    challenge: toHex(challenge),
    promptTokens: prompt_tokens,
    completionTokens: completion_tokens,
    spent,
    counter,
    signature,
  }
}
