// What the Proof of Response contract keeps for its records in yoctoNEAR, beyond stakes, bonds and deposits.

/** Of a node; all but 0.002 NEAR come back when it leaves. */
export const NODE_STORAGE: bigint = 10n * 10n ** 21n

/** Of an edge, from its opener, and from each end; comes back when it is settled. */
export const EDGE_STORAGE: bigint = 18n * 10n ** 21n
export const LINK_STORAGE: bigint = 4n * 10n ** 21n

/** Of a partition proof in several calls, and of each node that it names; comes back when it is done or dropped. */
export const PROOF_STORAGE: bigint = 4n * 10n ** 21n
export const MARK_STORAGE: bigint = 25n * 10n ** 20n
