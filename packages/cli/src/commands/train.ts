import { DEFAULT_TRAINING } from '@dcml/training'
import { demoModelRecord, runTraining, speechCorpus, textCorpus } from '@dcml/training/node'
import { Command } from 'commander'
import { options, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

const SHAPE = demoModelRecord.config.model

interface TrainFlags {
  out: string
  steps: number
  text?: string
  seed: number
  name: string
  dim: number
  layers: number
  heads: number
  ff: number
  resume?: boolean
}

/** `dcml train`: a small model from text, the same bytes every time. */
export function trainCommand(output: () => Output): Command {
  return new Command('train')
    .requiredOption('--out <folder>', 'folder for the model, its record and its checkpoint')
    .option('--text <path>', 'text file or folder (default: the State of the Union speeches, if installed)')
    .option('--steps <number>', 'length of the run', wholeNumber, 200)
    .option('--seed <number>', 'seed of weights and data order', wholeNumber, 1)
    .option('--name <name>', 'name of the model', 'model')
    .option('--dim <number>', 'width', wholeNumber, SHAPE.dim)
    .option('--layers <number>', 'depth', wholeNumber, SHAPE.layers)
    .option('--heads <number>', 'attention heads', wholeNumber, SHAPE.heads)
    .option('--ff <number>', 'width of the feed-forward layers', wholeNumber, SHAPE.ff)
    .option('--resume', 'go on from the checkpoint in the folder')
    .addOption(options.json())
    .action(async (flags: TrainFlags) => {
      const { seed, steps, out, name, dim, layers, heads, ff } = flags
      const corpus = flags.text === undefined ? await speechCorpus(seed) : await textCorpus(flags.text, seed)
      const bar = output().progress('train')
      try {
        const record = await runTraining({
          corpus,
          config: { ...DEFAULT_TRAINING, seed, model: { ...SHAPE, dim, layers, heads, ff } },
          steps,
          out,
          name,
          ...(flags.resume && { resume: true }),
          signal: interrupted(),
          onProgress: ({ step }) => bar.update(step, steps),
        })
        output().result(
          `modelH ${record.modelH}\nrawH ${record.rawH}\nvalidation loss ${record.validationLoss.toFixed(3)} nats per byte, ${record.parameters} weights`,
          record,
        )
      } finally {
        bar.stop()
      }
    })
}
