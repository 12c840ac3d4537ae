import type { Patience } from './types.ts'

/** Keeps an edge while it brought in more over the last hour than was lost on it (paper §5.4). */
export const keepWhatPays: Patience = ({ profit }) => (profit < 0n ? 'sever' : 'wait')

/**
 * Cuts at the first silence or lie, so that a requester hears of it within Δ + g and the way back; of an edge that is
 * merely late, keeps what pays.
 */
export const cutTheSilent: Patience = (trouble) =>
  trouble.cause === 'late' || trouble.cause === 'underpaid' ? keepWhatPays(trouble) : 'sever'
