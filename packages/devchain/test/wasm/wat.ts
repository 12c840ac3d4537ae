import wabt from 'wabt'

const toolkit = await wabt()

/** Assembles text; `debugNames` writes the name section nearcore's assembler always writes. */
export function wat(text: string, debugNames = false): Uint8Array {
  const module = toolkit.parseWat('test.wat', text, {
    reference_types: true,
    bulk_memory: true,
    multi_value: true,
    simd: true,
    threads: true,
    tail_call: true,
    exceptions: true,
    memory64: true,
    extended_const: true,
    sat_float_to_int: true,
    sign_extension: true,
    mutable_globals: true,
  })
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: debugNames, canonicalize_lebs: true }).buffer)
  } finally {
    module.destroy()
  }
}
