import { Prng } from '../prng.ts'

/** Longest reply in bytes; replies end at a sentence, so that an answer ends by itself. */
const LONGEST = 240
const SHORTEST = 60
const ABBREVIATION = /(?:^|[\s("'])(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Gen|Sen|Gov|No|Inc|Co|[A-Z](?:\.[A-Z])*)\.$/
const FUNCTION_WORDS = new Set(
  'a an and are as at be but by can for from had has have he if in into is it its may must not of on or our shall she should so than that the their them they this those to under upon was we were which who will with would you your'.split(
    ' ',
  ),
)
const QUESTIONS = [
  'Tell me about {}.',
  'What about {}?',
  'What do you think about {}?',
  'Talk about {}.',
  'Say something about {}.',
  'How about {}?',
  'Why does {} matter?',
  '{}',
]

/** Plain ASCII without stage directions, one space between words. */
export function plainText(text: string): string {
  return text
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s*[–—]\s*|--+/g, ' - ')
    .replace(/[[(](?:Applause|Laughter)[^\])]*[\])]/gi, ' ')
    .replace(/[^\x20-\x7e]/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
}

/** Sentences in order. */
export function sentences(text: string): string[] {
  const list: string[] = []
  let held = ''
  for (const piece of text.split(/(?<=[.!?]["')]?) (?=["'(]?[A-Z0-9])/)) {
    held = held ? `${held} ${piece}` : piece
    if (ABBREVIATION.test(piece)) continue
    list.push(held)
    held = ''
  }
  if (held) list.push(held)
  return list
}

/** One exchange in ChatML, as the chat template of the model file writes it. */
export function chatML(user: string, assistant: string): string {
  return `<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n${assistant}<|im_end|>\n`
}

/**
 * Turns speeches into exchanges: runs of sentences become answers; each is asked for by a noun it contains, or by the
 * sentence before it. Reproducible: the choices depend on the texts and the seed alone.
 */
export function chatPairs(texts: readonly string[], seed: number): string[][] {
  const random = new Prng(seed)
  const speeches = texts.map((text) => replies(sentences(plainText(text)), random))
  const nouns = findNouns(speeches.flat().map(({ text }) => text))
  return speeches.map((speech) =>
    speech.map(({ text, before }) => {
      const topics = [...new Set(words(text))].filter((word) => nouns.has(word))
      const follow = before !== undefined && before.length <= 120 && random.uniform() < 0.25
      if (follow) return chatML(before, text)
      if (topics.length === 0) return chatML(before !== undefined && before.length <= 160 ? before : 'Go on.', text)
      return chatML(question(topics, nouns, random), text)
    }),
  )
}

function question(topics: string[], nouns: Map<string, number>, random: Prng): string {
  // The rarer the noun, the more the answer is about it.
  const [first, second] = topics.sort((a, b) => nouns.get(a)! - nouns.get(b)! || (a < b ? -1 : 1))
  const article = () => ['', '', 'the ', 'our '][random.below(4)]
  const both = second !== undefined && random.uniform() < 0.15
  const topic = both ? `${article()}${first} and ${second}` : `${article()}${first}`
  const text = QUESTIONS[random.below(QUESTIONS.length)]!.replace('{}', topic)
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function replies(list: string[], random: Prng): { text: string; before: string | undefined }[] {
  const found: { text: string; before: string | undefined }[] = []
  for (let i = 0; i < list.length; ) {
    const before = list[i - 1]
    const goal = SHORTEST + random.below(LONGEST - SHORTEST)
    let text = list[i++]!
    while (i < list.length && text.length < goal && text.length + 1 + list[i]!.length <= LONGEST) {
      text += ` ${list[i++]}`
    }
    if (text.length >= SHORTEST && text.length <= LONGEST) found.push({ text, before })
  }
  return found
}

const words = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? []

/** Words that mostly stand where nouns stand (before punctuation or a function word), with their frequency. */
function findNouns(texts: string[]): Map<string, number> {
  const seen = new Map<string, number>()
  const closing = new Map<string, number>()
  for (const text of texts) {
    for (const [, word, next] of text.matchAll(/\b([a-z]{4,})(?=([.,;:?!]| [a-z]+)?)/g)) {
      if (FUNCTION_WORDS.has(word!)) continue
      seen.set(word!, (seen.get(word!) ?? 0) + 1)
      const ends = next !== undefined && (!next.startsWith(' ') || FUNCTION_WORDS.has(next.slice(1)))
      if (ends) closing.set(word!, (closing.get(word!) ?? 0) + 1)
    }
  }
  const opening = countAfterDeterminer(texts)
  return new Map(
    [...seen].filter(
      ([word, count]) =>
        count >= 40 && (closing.get(word) ?? 0) / count >= 0.6 && (opening.get(word) ?? 0) / count >= 0.12,
    ),
  )
}

function countAfterDeterminer(texts: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const [, word] of text.matchAll(/\b(?:the|our|of|their|your|this|these|more|no|an?) ([a-z]{4,})\b/g)) {
      counts.set(word!, (counts.get(word!) ?? 0) + 1)
    }
  }
  return counts
}
