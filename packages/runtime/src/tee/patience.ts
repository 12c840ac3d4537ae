import type { TeeBackend } from '@dcml/attestation'

/**
 * How long a peer of the same image may take to be reached, to show its evidence, and to be verified, in milliseconds.
 * GPUs take seconds to sign theirs, and sign for one caller at a time.
 */
export const peerPatienceMs = ({ gpu }: Pick<TeeBackend, 'gpu'>): number => (gpu ? 30_000 : 5000)
