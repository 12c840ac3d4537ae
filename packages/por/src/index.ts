/**
 * Answer, or proof that the network cut you off? The core of Proof of Response (paper §8): pure, with time handed in.
 * @packageDocumentation
 */
export type {
  Ask,
  CreateMachine,
  EdgeBooks,
  Effect,
  GraphView,
  Input,
  Kept,
  Machine,
  NodeConfig,
  Note,
  Outcome,
  Patience,
  Trouble,
} from './core/types.ts'
export { Graph, otherEnd } from './routes/graph.ts'
