import { type EdgeFacts, type EdgeParams, type NodeFacts, paramsHash } from '@dcml/protocol/por'
import type { SentCall } from '../model/wallet.ts'
import { type PorOptions, paying } from './calls.ts'
import { edgeFacts, nodeFacts, tellParams } from './facts.ts'
import { por } from './por.client.ts'
import { EDGE_STORAGE, LINK_STORAGE, NODE_STORAGE } from './storage.ts'

/** What a Proof of Response contract was opened with. Amounts in yoctoNEAR, durations in milliseconds. */
export interface PorRules {
  /** Where penalties and slashes go in the end. */
  readonly treasury: string
  readonly minStake: bigint
  /** π: what cutting an edge costs, half at each end; each end locks all of it. */
  readonly penalty: bigint
  /** σ: part of its stake that a node loses when it is cut off, in 1/10,000. */
  readonly slashBps: number
  /** Of the penalty, for whoever carries out a cut. */
  readonly bounty: bigint
  readonly activationMs: bigint
  readonly closeNoticeMs: bigint
  readonly challengeMs: bigint
  /** W: how long penalties wait for a proof of who was cut off, and added stake stays. */
  readonly reimbursementMs: bigint
}

/** A node operator's side of a Proof of Response contract: registration, stake, edges and what comes back of them. */
export interface PorAccount {
  rules(): Promise<PorRules>
  /** This account's node; null while it is none. */
  node(): Promise<NodeFacts | null>
  /** Its edges that are not settled; offers to it are listed with those who made them. */
  edges(): Promise<EdgeFacts[]>
  /** Any edge that is not settled, such as an offer to this account; null for none. */
  edge(edgeId: bigint): Promise<EdgeFacts | null>
  /**
   * Becomes a node. Attaches {@link NODE_STORAGE} on top of the stake.
   * @param node.key Ed25519 node key of 32 bytes: no other node may have it, and it cannot be changed
   * @param node.endpoint `host:port`, or empty to dial only
   */
  register(node: { readonly key: Uint8Array; readonly endpoint: string; readonly stake: bigint }): Promise<SentCall>
  update(node: { readonly endpoint: string }): Promise<SentCall>
  addStake(amount: bigint): Promise<SentCall>
  /** Ends the registration, once no edge is left, no penalty held, and W over since stake was added. */
  withdrawStake(): Promise<SentCall>
  /** Offers an edge. Attaches bond and storage, {@link EDGE_STORAGE} and {@link LINK_STORAGE}, on top of the deposit. */
  openEdge(offer: {
    readonly peer: string
    readonly params: EdgeParams
    readonly deposit: bigint
  }): Promise<SentCall & { readonly edgeId: bigint }>
  /**
   * Takes an offer up, of exactly these parameters. Attaches bond and {@link LINK_STORAGE} on top of the deposit. The edge
   * connects after the activation delay.
   */
  confirmEdge(edgeId: bigint, agreed: { readonly params: EdgeParams; readonly deposit: bigint }): Promise<SentCall>
  /** Takes an offer back that nobody confirmed. */
  cancelEdge(edgeId: bigint): Promise<SentCall>
  /** Adds to this account's side. */
  deposit(edgeId: bigint, amount: bigint): Promise<SentCall>
  startClose(edgeId: bigint): Promise<SentCall>
  settle(edgeId: bigint): Promise<SentCall>
  /** Half the penalty of a severed edge, from the end that was cut off afterwards (§3.1). */
  claimReimbursement(edgeId: bigint): Promise<SentCall>
  /** What is left of the bonds of a severed edge, once W is over. */
  releaseEscrow(edgeId: bigint): Promise<SentCall>
  /** Shows a path of active edges from a node that was cut off, by default this one, to one that is not. */
  reportReconnect(path: readonly bigint[], account?: string): Promise<SentCall>
  /** Sends again what a transfer once failed to deliver; for the treasury, what penalties brought. */
  collectOwed(account?: string): Promise<SentCall>
}

/**
 * Every call is sent at most once (`sendTransaction`).
 * @throws DcmlError from the calls: what `sendTransaction` throws; `near_transaction_failed` with the contract's words
 * where it refuses
 */
export function porAccount(options: PorOptions): PorAccount {
  const { near, contract, signal } = options
  const at = por(near, contract)
  const cancel = signal === undefined ? {} : { signal }
  const self = options.account.accountId
  const how = (deposit = 0n) => paying(options, deposit)
  const bond = async () => (await at.rules({}, cancel)).penalty
  return {
    async rules() {
      const rules = await at.rules({}, cancel)
      return {
        treasury: rules.treasury,
        minStake: rules.min_stake,
        penalty: rules.penalty,
        slashBps: rules.slash_bps,
        bounty: rules.bounty,
        activationMs: rules.activation_ms,
        closeNoticeMs: rules.close_notice_ms,
        challengeMs: rules.challenge_ms,
        reimbursementMs: rules.reimbursement_ms,
      }
    },
    async node() {
      const found = await at.node({ account: self }, cancel)
      return found && nodeFacts(found)
    },
    edges: async () => (await at.edges_of({ account: self }, cancel)).map(edgeFacts),
    async edge(edgeId) {
      const found = await at.edge({ edge_id: edgeId }, cancel)
      return found && edgeFacts(found)
    },
    register: ({ key, endpoint, stake }) => at.register_node({ key, endpoint }, how(NODE_STORAGE + stake)),
    update: ({ endpoint }) => at.update_node({ endpoint }, how()),
    addStake: (amount) => at.add_stake({}, how(amount)),
    withdrawStake: () => at.withdraw_stake({}, how()),
    async openEdge({ peer, params, deposit }) {
      const attached = (await bond()) + EDGE_STORAGE + LINK_STORAGE + deposit
      const { value: edgeId, ...sent } = await at.open_edge({ peer, params: tellParams(params) }, how(attached))
      return { ...sent, edgeId }
    },
    async confirmEdge(edgeId, { params, deposit }) {
      const attached = (await bond()) + LINK_STORAGE + deposit
      return at.confirm_edge({ edge_id: edgeId, params_hash: paramsHash(params) }, how(attached))
    },
    cancelEdge: (edgeId) => at.cancel_edge({ edge_id: edgeId }, how()),
    deposit: (edgeId, amount) => at.deposit({ edge_id: edgeId }, how(amount)),
    startClose: (edgeId) => at.start_close({ edge_id: edgeId }, how()),
    settle: (edgeId) => at.settle({ edge_id: edgeId }, how()),
    claimReimbursement: (edgeId) => at.claim_reimbursement({ edge_id: edgeId }, how()),
    releaseEscrow: (edgeId) => at.release_escrow({ edge_id: edgeId }, how()),
    reportReconnect: (path, account = self) => at.report_reconnect({ account, path }, how()),
    collectOwed: (account = self) => at.collect_owed({ account }, how()),
  }
}
