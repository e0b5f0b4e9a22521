/** What runs: revisions with their roles, workloads and pods. */
import type { JSX } from 'preact'
import type { PodView, RevisionView, RoleWeight, WorkloadView } from '../../wire.ts'
import { plural } from '../model/words.ts'
import { Age, Ahead } from '../parts/instant.tsx'
import { Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'

export function Revisions({
  revisions,
  weights,
}: {
  readonly revisions: readonly RevisionView[]
  readonly weights: readonly RoleWeight[]
}): JSX.Element {
  const inUse = revisions.filter(isInUse)
  const kept = revisions.filter((one) => !isInUse(one))
  return (
    <Panel id="revisions" title="Pods" aside={plural(inUse.length, 'revision')}>
      {inUse.length === 0 ? <p class="hint">No pods yet.</p> : null}
      {inUse.map((revision) => (
        <Revision key={revision.revision} view={revision} weights={weights} />
      ))}
      {kept.length === 0 ? null : (
        <details class="kept">
          <summary>{plural(kept.length, 'former revision')} kept as a way back</summary>
          <ul>
            {kept.map(({ revision, failed, workloads, createdAt }) => (
              <li key={revision}>
                <code>{revision}</code> {imagesOf(workloads)} <Age at={createdAt} />{' '}
                {failed === undefined ? null : <span class="failed">failed: {failed}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  )
}

function isInUse({ roles, workloads }: RevisionView): boolean {
  return roles.length > 0 || workloads.some(({ pods }) => pods.length > 0)
}

function imagesOf(workloads: readonly WorkloadView[]): string {
  return [...new Set(workloads.flatMap(({ images }) => images))].join(', ')
}

function Revision({
  view,
  weights,
}: {
  readonly view: RevisionView
  readonly weights: readonly RoleWeight[]
}): JSX.Element {
  const { revision, roles, failed, keptUntil, workloads } = view
  const own = weights.filter(
    (weight) => weight.revision === revision && roles.includes(weight.role),
  )
  return (
    <div class="revision">
      <p class="revision-head">
        <strong>{roles.length === 0 ? idleWord(view) : roles.join(', ')}</strong>
        <code>{revision}</code>
        <span class="hint">{imagesOf(workloads)}</span>
        {own.map(({ role, confirmed }) => (
          <span key={role} class="chip">
            {confirmed} % of the traffic
          </span>
        ))}
      </p>
      {keptUntil === undefined || roles.length > 0 ? null : (
        <p class="hint">
          a quick way back; <Ahead at={keptUntil} what="its pods go" />
        </p>
      )}
      {failed === undefined ? null : <p class="failed">failed: {failed}</p>}
      {workloads.map((workload) => (
        <Workload key={`${workload.kind}/${workload.name}`} view={workload} />
      ))}
    </div>
  )
}

/** Of one that no role runs. */
function idleWord({ keptUntil }: RevisionView): string {
  return keptUntil === undefined ? 'leaving' : 'kept'
}

function Workload({ view }: { readonly view: WorkloadView }): JSX.Element {
  const { kind, name, wanted, ready, pods } = view
  const leaving = pods.length > wanted ? `, ${pods.length - wanted} more` : ''
  return (
    <details class="workload">
      <summary>
        <span class="pods" aria-hidden="true">
          {pods.map((pod) => (
            <span
              key={pod.name}
              class={`pod ${pod.state === 'Ready' ? 'is-ready' : 'is-unready'}`}
              title={`${pod.name}: ${pod.state}`}
            />
          ))}
        </span>
        <span>
          {ready} of {wanted} ready{leaving}
        </span>
        <span class="hint">
          {kind} {name}
        </span>
      </summary>
      <Pods pods={pods} of={name} />
    </details>
  )
}

function Pods({
  pods,
  of,
}: {
  readonly pods: readonly PodView[]
  /** Their workload. */
  readonly of: string
}): JSX.Element {
  if (pods.length === 0) return <p class="hint">No pods.</p>
  return (
    <Scroll label={`Pods of ${of}`}>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Pod</th>
            <th scope="col">State</th>
            <th scope="col" class="is-number">
              Restarts
            </th>
            <th scope="col" class="is-number">
              Age
            </th>
          </tr>
        </thead>
        <tbody>
          {pods.map(({ name, state, restarts, createdAt }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{state}</td>
              <td class="is-number">{restarts}</td>
              <td class="is-number">
                <Age at={createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}
