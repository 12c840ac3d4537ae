import { DcmlError, equalBytes, type KeyGrant, toHex } from '@dcml/protocol'
import type { Engine, EngineLoader, EngineLog } from '../engine/engine.ts'
import type { KeyStore } from '../keys/store.ts'
import type { LoadProgress, ModelSource, SealedModel } from './source.ts'

/** A model that answers. */
export interface ReadyModel {
  readonly modelH: Uint8Array
  readonly name: string
  readonly engine: Engine
  /** Unix time in milliseconds. */
  readonly loadedAt: number
}

/** Where `load_model` stands (paper §4). */
export type ModelState =
  | { readonly phase: 'empty' }
  /** The sealed model is known and its key is not here. */
  | { readonly phase: 'key'; readonly sealed: SealedModel }
  | { readonly phase: 'loading'; readonly sealed: SealedModel; readonly progress: LoadProgress }
  | { readonly phase: 'ready'; readonly model: ReadyModel }
  /** Nothing is loaded; `load` may be called again. */
  | { readonly phase: 'failed'; readonly error: DcmlError }

/** Whether a key opens the sealed model; unknown before one was named. */
export type KeyVerdict = 'fits' | 'wrong' | 'other-model' | 'unknown'

/**
 * Takes one sealed model from the host's disk to an engine that answers. An enclave serves one model all its life:
 * its evidence names the modelH, and a client that verified it must not be moved to another.
 */
export class ModelHost {
  readonly #source: ModelSource
  readonly #loader: EngineLoader
  readonly #log: EngineLog
  readonly #keys: KeyStore
  readonly #clock: () => number
  readonly #allows: (modelH: Uint8Array) => boolean
  readonly #onChange: (state: ModelState) => void
  readonly #abort: AbortController = new AbortController()
  #state: ModelState = { phase: 'empty' }
  #sealed: SealedModel | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(options: {
    source: ModelSource
    loader: EngineLoader
    log: EngineLog
    keys: KeyStore
    clock: () => number
    /** The image manifest's word on which models may be served. */
    allows: (modelH: Uint8Array) => boolean
    onChange: (state: ModelState) => void
  }) {
    this.#source = options.source
    this.#loader = options.loader
    this.#log = options.log
    this.#keys = options.keys
    this.#clock = options.clock
    this.#allows = options.allows
    this.#onChange = options.onChange
    this.#keys.onKey((modelH) => {
      const state = this.#state
      if (state.phase === 'key' && equalBytes(state.sealed.modelH, modelH)) this.#start(state.sealed)
    })
  }

  get state(): ModelState {
    return this.#state
  }

  /** @throws DcmlError `model_not_ready` with what is missing */
  ready(): ReadyModel {
    if (this.#state.phase === 'ready') return this.#state.model
    throw notReady(this.#state)
  }

  /** What the sealed model whose header was read last says about a key. */
  async judge(modelH: Uint8Array, sk: Uint8Array): Promise<KeyVerdict> {
    const sealed = this.#sealed
    if (sealed === undefined) return 'unknown'
    if (!equalBytes(sealed.modelH, modelH)) return 'other-model'
    return (await sealed.unlocks(sk)) ? 'fits' : 'wrong'
  }

  /**
   * `load_model`: reads the header and goes on in the background as soon as the key is here.
   * @returns the state after the header was read
   * @throws DcmlError `model_busy`, `model_already_loaded`, `model_refused`, or what reading the header threw
   */
  async load(path: string): Promise<ModelState> {
    const before = this.#state
    if (before.phase === 'loading') throw busy()
    if (before.phase === 'ready') throw alreadyLoaded(before.model)
    const sealed = await this.#source(path)
    if (!this.#allows(sealed.modelH)) throw refused(sealed.modelH)
    // reading took a moment in which another call may have come in
    if (this.#state !== before) throw busy()
    this.#start(sealed)
    return this.#state
  }

  /** Resolves when nothing is being loaded. */
  settled(): Promise<void> {
    return this.#work
  }

  /** Stops loading, for this reason, and closes the engine. */
  async close(reason: DcmlError): Promise<void> {
    this.#abort.abort(reason)
    await this.#work
    if (this.#state.phase === 'ready') await this.#state.model.engine.close()
    this.#change({ phase: 'empty' })
  }

  #start(sealed: SealedModel): void {
    this.#sealed = sealed
    this.#change({ phase: 'loading', sealed, progress: { done: 0, total: sealed.size } })
    this.#work = this.#tryKeys(sealed).catch((error: unknown) =>
      this.#change({ phase: 'failed', error: asLoadError(error) }),
    )
  }

  async #tryKeys(sealed: SealedModel): Promise<void> {
    for (;;) {
      const grant = this.#keys.best(sealed.modelH)
      // no await in between: a key that arrives from here on finds the phase in which it starts the next try
      if (grant === undefined) return this.#change({ phase: 'key', sealed })
      try {
        if (await sealed.unlocks(grant.sk)) return await this.#open(sealed, grant)
        this.#keys.reject(grant)
      } finally {
        grant.sk.fill(0)
      }
    }
  }

  async #open(sealed: SealedModel, grant: KeyGrant): Promise<void> {
    const { signal } = this.#abort
    const opened = await sealed.open(grant.sk, {
      signal,
      onProgress: (progress) => this.#change({ phase: 'loading', sealed, progress }),
    })
    let engine: Engine
    try {
      this.#keys.prove(grant)
      engine = await this.#loader.load(opened.files, { signal, log: this.#log })
    } finally {
      await opened.close()
    }
    if (signal.aborted) return engine.close()
    const { modelH, name } = sealed
    this.#change({ phase: 'ready', model: { modelH, name, engine, loadedAt: this.#clock() } })
  }

  #change(state: ModelState): void {
    this.#state = state
    this.#onChange(state)
  }
}

const busy = (): DcmlError =>
  new DcmlError('model_busy', 'A model is being loaded already.', {
    hint: 'Wait until /readyz says how it went.',
    retryable: true,
  })

const alreadyLoaded = (model: ReadyModel): DcmlError =>
  new DcmlError('model_already_loaded', `This enclave serves model ${toHex(model.modelH)}.`, {
    hint: 'Start another enclave for another model.',
  })

const refused = (modelH: Uint8Array): DcmlError =>
  new DcmlError('model_refused', `The image manifest does not allow model ${toHex(modelH)}.`, {
    hint: 'Use an image whose manifest lists this model.',
  })

const WAITING: Readonly<Record<Exclude<ModelState['phase'], 'ready'>, string>> = {
  empty: 'No model has been loaded.',
  key: 'The model waits for its key.',
  loading: 'The model is being loaded.',
  failed: 'The model could not be loaded.',
}

const notReady = (state: Exclude<ModelState, { phase: 'ready' }>): DcmlError =>
  new DcmlError('model_not_ready', WAITING[state.phase], {
    hint: state.phase === 'failed' ? state.error.hint : 'Ask again in a moment.',
    retryable: state.phase !== 'failed',
    details: { phase: state.phase, retryAfter: 5 },
  })

const asLoadError = (cause: unknown): DcmlError =>
  DcmlError.isInstance(cause)
    ? cause
    : new DcmlError('model_load_failed', 'The model could not be loaded.', {
        hint: 'See the log of the runtime for where it failed.',
        cause,
      })
