import { posix, win32 } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPaths, comparePaths } from './paths.ts'

const accepted = [['model.gguf'], ['a', 'b/c', 'b/d/e'], ['é.bin'], ['.hidden', 'a b', 'a-b', 'ab'], ['a', 'ab', 'a.b']]
const refused = [
  [''],
  ['/etc/passwd'],
  ['../x'],
  ['a/../b'],
  ['a/./b'],
  ['.'],
  ['a//b'],
  ['a/'],
  ['a\\b'],
  ['c:x'],
  ['a\0b'],
  ['a\nb'],
  ['a.'],
  ['a /b'],
  ['e\u0301'],
  ['\ud800'],
  ['x'.repeat(256)],
  [Array(600).fill('ab').join('/')],
  ['a', 'a'],
  ['README', 'readme'],
  ['a', 'a/b'],
  ['A/b', 'a'],
]

test.each(accepted.map((paths) => [paths]))('accepts %j', (paths) => {
  expect(() => checkPaths(paths)).not.toThrow()
})

test.each(refused.map((paths) => [paths]))('refuses list %#', (paths) => {
  expect(() => checkPaths(paths)).toThrow(expect.objectContaining({ code: 'model_path_refused' }))
})

test('whatever is accepted stays inside its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('.', '/', 'a', 'B', '\\', ':', ' ', 'é') }), (path) => {
      try {
        checkPaths([path])
      } catch (error) {
        expect(DcmlError.isInstance(error)).toBe(true)
        return
      }
      expect(posix.relative('/folder', posix.join('/folder', path))).toBe(path)
      expect(win32.relative('C:\\folder', win32.join('C:\\folder', path)).replaceAll('\\', '/')).toBe(path)
    }),
  )
})

test('orders by UTF-8 bytes, also beyond the basic plane', () => {
  expect(['\u{1f600}', '\uffee', 'b', 'a/b', 'a', 'a-'].sort(comparePaths)).toEqual([
    'a',
    'a-',
    'a/b',
    'b',
    '\uffee',
    '\u{1f600}',
  ])
})
