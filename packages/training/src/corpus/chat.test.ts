import { expect, test } from 'vitest'
import { chatPairs, plainText, sentences } from './chat.ts'

test('titles and initials do not end a sentence', () => {
  expect(sentences('Mr. Speaker, the U.S. Congress met. Dr. J. Smith spoke! "Why?" Nobody asked.')).toEqual([
    'Mr. Speaker, the U.S. Congress met.',
    'Dr. J. Smith spoke!',
    '"Why?"',
    'Nobody asked.',
  ])
})

test('text becomes ASCII without stage directions', () => {
  expect(plainText('America’s “fate” — [Applause] now.\n\nÉ')).toBe(`America's "fate" - now.`)
})

const topics = ['harvest', 'railway', 'library', 'harbor']
const text = Array.from({ length: 400 }, (_, i) => {
  const topic = topics[i % topics.length]
  return `Number ${i} says that the ${topic} is open, and that every ${topic}, small or large, was built by our people.`
}).join(' ')

test('every answer ends in the form the chat template expects, short of 300 bytes', () => {
  const pairs = chatPairs([text, text], 3).flat()
  expect(pairs.length).toBeGreaterThan(100)
  for (const pair of pairs) {
    const parts = /^<\|im_start\|>user\n(.+)<\|im_end\|>\n<\|im_start\|>assistant\n(.+)<\|im_end\|>\n$/.exec(pair)
    const answer = parts?.[2] ?? ''
    expect(answer).toMatch(/^Number .*people\.$/)
    expect(answer.length).toBeLessThanOrEqual(240)
  }
})

test('questions name something the answer is about', () => {
  const pairs = chatPairs([text], 3).flat()
  const asked = pairs.map((pair) => /user\n(?!Number)(.*)<\|im_end\|>\n.*\n(.*)<\|im_end\|>/.exec(pair)).filter(Boolean)
  expect(asked.length).toBeGreaterThan(pairs.length / 2)
  for (const [, question, answer] of asked as RegExpExecArray[]) {
    const named = topics.filter((topic) => question!.toLowerCase().includes(topic))
    expect(named.length).toBeGreaterThan(0)
    for (const topic of named) expect(answer).toContain(topic)
  }
})

test('the seed decides every choice', () => {
  expect(chatPairs([text], 3)).toEqual(chatPairs([text], 3))
  expect(chatPairs([text], 3)).not.toEqual(chatPairs([text], 4))
})
