/**
 * What the dashboard's API says, as JSON. The server writes these shapes and the page reads them; nothing else is shared
 * between the two. Instants are milliseconds since 1970 in UTC, weights percentages from 0 to 100. No Secret and no value
 * of an environment variable is in any of them.
 */

/** Phases of the engine; `Unknown` where no controller has looked yet. */
export type PhaseName =
  | 'Initializing'
  | 'Progressing'
  | 'Paused'
  | 'Preview'
  | 'Experimenting'
  | 'Concluded'
  | 'Completed'
  | 'Failed'
  | 'Retiring'
  | 'Retired'
  | 'Unknown'

/** Whose release it is: the same three everywhere, in paths and in events. */
export type ReleaseId = {
  readonly door: string
  readonly namespace: string
  readonly name: string
}

/** Share of the traffic that a role should have, and has as its route confirms. */
export type RoleWeight = {
  readonly role: string
  readonly revision: string
  /** Of its first image the tag, or what else tells it apart, where that is known. */
  readonly tag?: string
  readonly wanted: number
  readonly confirmed: number
}

/** One line of the list. */
export type ReleaseRow = ReleaseId & {
  /** Kind of the object, such as `Release` or `Rollout`. */
  readonly kind: string
  readonly uid: string
  readonly phase: PhaseName
  /** The one reason why it is as it is. */
  readonly reason: { readonly type: string; readonly message: string; readonly since?: number }
  /** Nothing goes on until a person says so: at a pause without end, and at a gate that asks for approval. */
  readonly waitsForPerson: boolean
  readonly strategy: string
  /** `2/4`, `promotion`, or `-`. */
  readonly step: string
  readonly weights: readonly RoleWeight[]
  /** Images of what is asked for, as people tell versions apart. */
  readonly images: readonly string[]
  /** Of a release that failed, the version that did, as short as a `tag`. */
  readonly failed?: string
  readonly createdAt: number
}

export type StepView = {
  /** In words: `weight 20`, `pause 5m`, `pause until promoted`. */
  readonly words: string
  readonly kind: string
  readonly state: 'done' | 'now' | 'ahead'
}

export type PodView = {
  readonly name: string
  /** `Ready`, or what keeps it from being so. */
  readonly state: string
  readonly restarts: number
  readonly createdAt: number
}

export type WorkloadView = {
  readonly kind: string
  readonly name: string
  readonly wanted: number
  readonly ready: number
  readonly images: readonly string[]
  readonly pods: readonly PodView[]
}

export type RevisionView = {
  readonly revision: string
  /** Roles that run it now; none for one that is kept as a way back. */
  readonly roles: readonly string[]
  readonly failed?: string
  /** Its pods stay until then, as a quick way back. */
  readonly keptUntil?: number
  readonly workloads: readonly WorkloadView[]
  readonly createdAt: number
}

export type SampleView = {
  readonly at: number
  /** Left out where there was no number; `message` says why. */
  readonly value?: number
  readonly verdict: string
  readonly message?: string
}

export type MetricView = {
  readonly name: string
  readonly verdict: string
  /** `3 good in all (5 needed), 1 bad (2 turn it back); last 0.4, at most 5`. */
  readonly words: string
  readonly min?: number
  readonly max?: number
  readonly samples: readonly SampleView[]
}

export type AnalysisView = {
  readonly role: string
  readonly revision: string
  readonly metrics: readonly MetricView[]
}

/** What a judge of an experiment saw last of one candidate. */
export type LookView = {
  readonly role: string
  readonly revision: string
  readonly metric: string
  /** Left out where nothing was counted; `message` says why. */
  readonly candidate?: CountedView
  readonly stable?: CountedView
  /** (candidate − stable) / stable, of the rates. */
  readonly effect?: number
  /** That the two differ; from 0 to 1, as is what the judge needs. */
  readonly confidence?: number
  readonly needed?: number
  readonly message?: string
}

export type CountedView = { readonly hits: number; readonly of: number }

/** One line of the record: who did what when, meant for which revision and step. */
export type DecisionView = {
  readonly at: number
  readonly action: string
  readonly by?: string
  readonly revision?: string
  readonly step?: number
  readonly message: string
}

export type ActionVerb =
  | 'promote'
  | 'promote-full'
  | 'pause'
  | 'resume'
  | 'abort'
  | 'retry'
  | 'undo'
  | 'restart'

/** What this user could do now. */
export type ActionView = {
  readonly verb: ActionVerb
  /** Which candidate it is for, where several are on trial. */
  readonly candidate?: string
  readonly allowed: boolean
  /** Why not. */
  readonly because?: string
}

export type LinkView = { readonly title: string /** https only. */; readonly url: string }

export type ReleaseDetail = ReleaseRow & {
  /** What moves it on, in a sentence with commands in backticks. */
  readonly advice: string
  readonly problems: readonly { readonly path: string; readonly message: string }[]
  readonly conditions: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
    readonly since: number
  }[]
  /** By candidate; one of them but in experiments. */
  readonly trials: readonly {
    readonly role: string
    readonly revision: string
    readonly startedAt: number
    readonly stage: string
    readonly steps: readonly StepView[]
  }[]
  /** Steps of the plan while nothing is on trial. */
  readonly plan: readonly StepView[]
  readonly revisions: readonly RevisionView[]
  readonly route: readonly {
    readonly kind: string
    readonly name: string
    readonly state: string
  }[]
  readonly analyses: readonly AnalysisView[]
  /** Of an experiment. */
  readonly looks: readonly LookView[]
  /** The newest first. */
  readonly decisions: readonly DecisionView[]
  readonly actions: readonly ActionView[]
  readonly links: readonly LinkView[]
  /** YAML, without managed fields and with values of environment variables hidden. */
  readonly manifest: string
  /** When it is looked at again by itself. */
  readonly next?: number
  /** When the pause that it waits for ends by itself. */
  readonly goesOnAt?: number
}

/** `GET …/actions/VERB`: what would happen, from the same core that would do it. */
export type ActionPreview = {
  readonly verb: ActionVerb
  readonly revision: string
  readonly step?: number
  /** Sentences, in their order. */
  readonly effects: readonly string[]
}

/** Body of `POST …/actions/VERB`: bound to what its author looked at; a stale one is answered with 409 and a sentence. */
export type ActionRequest = {
  readonly revision: string
  /** As in the preview: an index from 0, left out where none is under way. */
  readonly step?: number
  readonly candidate?: string
}

export type ActionAnswer = {
  readonly id: string
  /** `asked` where no controller has answered within the time. */
  readonly outcome: 'obeyed' | 'refused' | 'asked'
  readonly message: string
}

/** `GET /api/v1/me`. */
export type Me = {
  /** Undefined while nobody is signed in and that is not needed. */
  readonly user?: string
  /** `open`: no login, on loopback only; `token`: bearer token; `oidc`: a token of this issuer. */
  readonly signIn: 'open' | 'token' | 'oidc'
  /** Nobody may act through this dashboard. */
  readonly readOnly: boolean
  readonly version: string
  /** What a token has to be made for, where tokens of the cluster are taken. */
  readonly audience?: string
  /** Where a page sends its user to sign in: by code and PKCE, with `ORIGIN/` as the redirect. */
  readonly oidc?: {
    readonly authorizationEndpoint: string
    readonly clientId: string
    readonly scope: string
  }
}

/** Body of `POST /api/v1/oidc/token`: what the issuer sent the user back with, and the verifier of its challenge. */
export type OidcExchange = {
  readonly code: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Its answer: a token for `Authorization: Bearer`. */
export type OidcToken = { readonly token: string }

/** Every answer that is no success. */
export type ApiError = { readonly error: { readonly code: number; readonly message: string } }

/**
 * Lines of `GET /api/v1/stream` (text/event-stream), each an event of the type's name with the JSON as data. With
 * `?door=&namespace=&name=` also `detail` of that one, whenever it changes, or `missing`
 * where it is not there (any more). First `rows` with all, then only changes;
 * to who sends the `id` of the event that it heard last as `Last-Event-ID`, soon enough, only what has changed since.
 * `tick` comes every few seconds, so that a page knows that its picture is fresh.
 */
export type StreamEvents = {
  readonly rows: readonly ReleaseRow[]
  readonly changed: readonly ReleaseRow[]
  readonly gone: readonly ReleaseId[]
  readonly detail: ReleaseDetail
  readonly missing: ReleaseId
  readonly tick: { readonly now: number }
}
