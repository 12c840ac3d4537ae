/**
 * A simulated network of Proof of Response nodes: the real machines on a virtual clock, with an in-memory contract,
 * links that fail and nodes that cheat.
 * @packageDocumentation
 */

export type { Behaviour } from './sim/behaviours.ts'
export { type BigNetwork, type BigNetworkFigures, bigNetwork } from './sim/big.ts'
export { drawSvg } from './sim/draw-svg.ts'
export { drawText } from './sim/draw-text.ts'
export type { EventKind, SimBalance, SimEvent, SimOutcome, SimReport } from './sim/report.ts'
export { ECHO, runScenario } from './sim/run.ts'
export { readScenario, type Scenario, type ScenarioFile } from './sim/scenario.ts'
