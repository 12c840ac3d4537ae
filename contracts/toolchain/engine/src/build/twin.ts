import binaryen from 'binaryen'

/** Everything JavaScript source goes through; with its body gone, the optimiser drops the whole parser. */
const PARSER = '__JS_EvalInternal'

const BUILD_TIME_EXPORTS = ['prep_alloc', 'prep_eval', 'prep_imports']

/** The run-time twin: same memory layout, same table slots, no parser. */
export function makeRuntime(engine: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(engine)
  try {
    module.setFeatures(
      binaryen.Features.SignExt | binaryen.Features.MutableGlobals | binaryen.Features.NontrappingFPToInt,
    )
    const { params, results } = binaryen.getFunctionInfo(module.getFunction(PARSER))
    module.removeFunction(PARSER)
    module.addFunction(PARSER, params, results, [], module.unreachable())
    for (const name of BUILD_TIME_EXPORTS) module.removeExport(name)
    binaryen.setOptimizeLevel(2)
    binaryen.setShrinkLevel(2)
    binaryen.setDebugInfo(false)
    // No pointer wraps around to the lowest kilobyte (the far end of the stack), so offsets may be folded: 3 KB.
    binaryen.setLowMemoryUnused(true)
    module.optimize()
    module.runPasses(['strip-producers', 'strip-target-features'])
    return module.emitBinary()
  } finally {
    module.dispose()
  }
}
