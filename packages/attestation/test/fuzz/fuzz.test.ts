// Hostile input for every parser: none throws what is not its own refusal, hangs, or allocates beyond its stated bound
// (docs/attestation-fuzz.md). DCML_FUZZ sets how many inputs there are in all; then every bomb is fed too, a case that
// takes a minute counts as one that never ends, and the figures are printed.
import { fuzzAll } from './suite.ts'

await fuzzAll(new URL('./targets/index.ts', import.meta.url))
