import binaryen from 'binaryen'

/** Figures of a module that protocol 86 limits, read from its text form; body sizes from its code section. */
export function measure(wasm: Uint8Array) {
  const module = binaryen.readBinary(wasm)
  const text = module.emitText()
  module.dispose()
  const count = (pattern: RegExp, within = text): number => [...within.matchAll(pattern)].length
  const functions = text.split(/^ \(func /m).slice(1)
  const blocks = functions.map((body) => count(/\((block|loop|if)\b/g, body))
  const instructions = new Set([...text.matchAll(/\(([a-z0-9]+\.[a-z0-9_]+)/g)].map(([, name]) => name!))
  return {
    imports: count(/^ \(import /gm),
    functions: functions.length,
    types: count(/^ \(type /gm),
    blocks: blocks.reduce((sum, each) => sum + each, 0),
    mostBlocks: Math.max(...blocks),
    mostParameters: Math.max(...functions.map((body) => count(/\(param /g, body))),
    locals: count(/\((local|param) \$/g),
    mutableGlobals: count(/^ \(global \S+ \(mut /gm),
    tableSlots: Number(/^ \(table \S+ (\d+)/m.exec(text)?.[1]),
    largestBody: Math.max(...bodySizes(wasm)),
    customSections: sections(wasm).filter(({ id }) => id === 0),
    features: features(instructions),
  }
}

function features(instructions: Set<string>): string[] {
  const used = new Set<string>()
  for (const name of instructions) {
    if (/\.extend(8|16|32)_s$/.test(name)) used.add('sign-ext')
    if (name.includes('.trunc_sat_')) used.add('nontrapping-fptoint')
    if (/^memory\.(copy|fill|init)|^(table|elem|data)\./.test(name)) used.add('bulk-memory')
    if (/^(v128|[if](8|16|32|64)x\d+)\.|\.atomic|^ref\./.test(name)) used.add(name)
  }
  return [...used].sort()
}

function sections(wasm: Uint8Array): { id: number; body: Uint8Array }[] {
  const found = []
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at]!
    const [size, start] = leb(wasm, at + 1)
    found.push({ id, body: wasm.subarray(start, start + size) })
    at = start + size
  }
  return found
}

function bodySizes(wasm: Uint8Array): number[] {
  const code = sections(wasm).find(({ id }) => id === 10)!.body
  let [left, at] = leb(code, 0)
  const sizes: number[] = []
  for (; left > 0; left--) {
    const [size, start] = leb(code, at)
    sizes.push(size)
    at = start + size
  }
  return sizes
}

function leb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0
  for (let shift = 0; ; shift += 7, at++) {
    value += (bytes[at]! & 127) * 2 ** shift
    if (bytes[at]! < 128) return [value, at + 1]
  }
}
