import { DcmlError } from '@dcml/protocol'

export const conflict = (counter: bigint, asked: bigint): DcmlError =>
  new DcmlError('rollback_conflict', 'Another copy of this enclave, or an older state of it, has counted.', {
    hint: 'Stop this copy; restart from the newest state.',
    details: { counter: `${counter}`, asked: `${asked}` },
  })

export const forked = (counter: bigint): DcmlError =>
  new DcmlError('rollback_forked', 'The peers hold two states of one number, written by copies of one memory.', {
    hint: 'The memory of this enclave was copied while it ran. Nothing is served or approved with its session key again.',
    details: { counter: `${counter}` },
  })

export const quorumLost = (forgotten: number, peers: number): DcmlError =>
  new DcmlError('rollback_quorum_lost', `${forgotten} of the ${peers} peers that remembered have restarted.`, {
    hint: 'No majority can say any more which state is the last. Start with a new session key; forced closures go unanswered.',
    details: { forgotten, peers },
  })

export const unreachable = (peers: number): DcmlError =>
  new DcmlError('rollback_quorum_unreachable', `No majority of the ${peers} peers answers.`, {
    hint: 'Check that the peers run and can be reached, then start again.',
    retryable: true,
    details: { peers },
  })
