// Hostile hosts, tools and services: no answer makes a TEE backend throw what is not its own error, hang, or allocate
// beyond its stated bound (docs/attestation-fuzz.md). DCML_FUZZ sets how many inputs there are in all.
import { fuzzAll } from '../../../attestation/test/fuzz/suite.ts'

await fuzzAll(new URL('./targets.ts', import.meta.url))
