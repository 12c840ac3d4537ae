// A whole chain as bytes: the state under the oldest kept block, and what every block since then changed.
import { deserialize, serialize } from 'node:v8'
import { type AccountId, formatHash, parseHash, type SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { StateRecord } from '../state/index.ts'
import { createTrie, type Trie } from '../state/index.ts'
import { BlockTree } from './block-tree.ts'
import type { ClockState } from './clock.ts'
import type { ChainSettings } from './options.ts'
import { readRecords, startFile } from './records-file.ts'
import type { Tip } from './tip.ts'

/** What a chain consists of besides its rules. */
export interface ChainState {
  readonly settings: Omit<ChainSettings, 'clock'>
  readonly genesisHash: string
  /** From the oldest kept to the newest; the newest alone while there is only genesis. */
  readonly tips: readonly Tip[]
  readonly pool: readonly SignedTransaction[]
  readonly patch: readonly StateRecord[]
  readonly impersonated: ReadonlySet<AccountId>
  readonly silent: ReadonlySet<AccountId>
  readonly clock: ClockState
  /** Secret keys of validators added later. */
  readonly keys: readonly string[]
}

type TipImage = Omit<Tip, 'tree'>
interface Image extends Omit<ChainState, 'tips'> {
  readonly entries: readonly (readonly [Uint8Array, Uint8Array])[]
  readonly peaks: BlockTree['peaks']
  readonly tips: readonly TipImage[]
  readonly root: string
}

/** The payload of a record. */
export function writeImage(state: ChainState): Uint8Array {
  const oldest = state.tips[0] as Tip
  const newest = state.tips.at(-1) as Tip
  const image: Image = {
    ...state,
    entries: [...oldest.block.result.trie.entries(new Uint8Array())],
    peaks: oldest.tree.peaks,
    tips: state.tips.map(withoutTrie),
    root: newest.block.result.trie.root,
  }
  return serialize(image)
}

/** A file of one record that {@link readImage} of {@link imageOf} takes. */
export const dumpFile = (state: ChainState): Uint8Array => startFile(writeImage(state))

/** @throws DcmlError `devchain_data_damaged` */
export function imageOf(file: Uint8Array): Uint8Array {
  const [first] = readRecords(file).records
  if (first) return first
  throw new DcmlError('devchain_data_damaged', 'The file ends before the chain in it does.', {
    hint: 'Give the whole result of dump().',
  })
}

/** @throws DcmlError `devchain_data_mismatch` where the states do not add up to their roots */
export function readImage(payload: Uint8Array): ChainState {
  const { entries, peaks, root, ...image } = parseImage(payload)
  let trie = entries.reduce((all, [key, value]) => all.set(key, value), createTrie())
  let tree = BlockTree.fromPeaks(peaks)
  const tips = image.tips.map((tip, i): Tip => {
    if (i > 0) {
      tree = tree.append(parseHash((image.tips[i - 1] as TipImage).block.header.hash))
      trie = changed(trie, tip)
    }
    const next = image.tips[i + 1]?.block.chunk.prevStateRoot ?? root
    if (trie.root !== next || formatHash(tree.root) !== tip.block.header.blockMerkleRoot) throw mismatch(tip)
    return { ...tip, tree, block: { ...tip.block, result: { ...tip.block.result, trie } } }
  })
  return { ...image, tips }
}

/** The checksum around it holds, so only something else than an image fails here. */
function parseImage(payload: Uint8Array): Image {
  try {
    const image = deserialize(payload) as Image
    if (Array.isArray(image?.tips) && Array.isArray(image.entries)) return image
  } catch {
    // told below: no serialized value
  }
  throw new DcmlError('devchain_data_damaged', 'The file holds no chain.', { hint: 'Give the whole result of dump().' })
}

const changed = (trie: Trie, { block }: TipImage): Trie =>
  block.result.changes.reduce((all, { key, value }) => (value ? all.set(key, value) : all.delete(key)), trie)

function withoutTrie({ tree: _, ...tip }: Tip): TipImage {
  const { trie, ...result } = tip.block.result
  return { ...tip, block: { ...tip.block, result: result as Tip['block']['result'] } }
}

const mismatch = ({ block }: TipImage): DcmlError =>
  new DcmlError(
    'devchain_data_mismatch',
    `The state after block ${block.header.height} is not the one that was saved.`,
    {
      hint: 'The file was made by another version of the devchain, or changed.',
      details: { height: block.header.height },
    },
  )
