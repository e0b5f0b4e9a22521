/** What workload controllers, endpoints and garbage collection are put through. Each story ends in one picture or more. */
import type { Deep } from './bench.ts'
import type { Picture, Scene } from './scene.ts'

type Json = Readonly<Record<string, unknown>>
export type Story = (scene: Scene) => Promise<readonly Picture[]>

const template = (image: string, app = 'web', spec: Json = {}): Json => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }] }],
    ...spec,
  },
})
const selector = (app = 'web'): Json => ({ matchLabels: { app } })
const deployment = (spec: Json = {}, image = 'app:v1'): Json => ({
  metadata: { name: 'web' },
  spec: { replicas: 3, selector: selector(), template: template(image), ...spec },
})
const replicaSet = (name: string, spec: Json = {}, app = 'web'): Json => ({
  metadata: { name },
  spec: { replicas: 2, selector: selector(app), template: template('app:v1', app), ...spec },
})
const service = (spec: Json = {}): Json => ({
  metadata: { name: 'web' },
  spec: {
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    ...spec,
  },
})
const image = (tag: string): Json => ({ spec: { template: template(`app:${tag}`) } })
const pod = (name: string, labels: Json): Json => ({
  metadata: { name, labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: 'app:v1' }] },
})
const configMap = (name: string, owners: readonly Deep[] = [], more: Json = {}): Json => ({
  metadata: {
    name,
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    ...more,
  },
})
const owner = ({ metadata }: Deep, more: Json = {}): Deep => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name,
  uid: metadata.uid,
  ...more,
})

/** Makes the Deployment, waits until it is quiet, then plays these merge patches, a picture after each. */
function deploymentStory(first: Json, ...patches: readonly Json[]): Story {
  return async (scene) => {
    await scene.make('deployments', first)
    const pictures = [await scene.picture()]
    for (const patch of patches) {
      await scene.change('deployments', 'web', patch)
      pictures.push(await scene.picture())
    }
    return pictures
  }
}

/** As it is made and settled, deleted in this way; then once more what is left. */
function cascade(
  collection: 'deployments' | 'replicasets' | 'replicationcontrollers',
  object: Json,
  name: string,
  options: Json,
): Story {
  return async (scene) => {
    await scene.make(collection, object)
    await scene.settles()
    await scene.remove(collection, name, options)
    return [await scene.picture()]
  }
}

const controller: Json = {
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { app: 'web' }, template: template('app:v1') },
}

export const stories: Readonly<Record<string, Story>> = {
  'a Deployment comes up': deploymentStory(deployment()),
  'a Deployment is scaled up, down and to nothing': deploymentStory(
    deployment(),
    { spec: { replicas: 5 } },
    { spec: { replicas: 1 } },
    { spec: { replicas: 0 } },
  ),
  'a Deployment gets another image, and the first again': deploymentStory(
    deployment(),
    image('v2'),
    image('v1'),
  ),
  'a Deployment without surge': deploymentStory(
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }),
    image('v2'),
  ),
  'a Deployment that recreates': deploymentStory(
    deployment({ strategy: { type: 'Recreate' } }),
    image('v2'),
  ),
  'a Deployment that keeps one old revision': deploymentStory(
    deployment({ replicas: 1, revisionHistoryLimit: 1 }),
    image('v2'),
    image('v3'),
    image('v4'),
  ),
  'a paused Deployment waits': deploymentStory(
    deployment({ replicas: 2 }),
    { spec: { paused: true } },
    image('v2'),
    { spec: { replicas: 4 } },
    { spec: { paused: false } },
  ),
  'a Deployment made paused': deploymentStory(deployment({ paused: true }), {
    spec: { paused: null },
  }),
  'a Deployment with pods that never get ready': async (scene) => {
    const late = (): Promise<void> =>
      scene.until(async () =>
        JSON.stringify(await scene.items('deployments')).includes('ProgressDeadlineExceeded'),
      )
    await scene.make('deployments', deployment({ replicas: 2, progressDeadlineSeconds: 2 }))
    const pictures = [await scene.picture()]
    await scene.change('deployments', 'web', image('v2-neverready'))
    await late()
    pictures.push(await scene.picture())
    await scene.change('deployments', 'web', { spec: { replicas: 4 } })
    // A change of size may count as progress, and the deadline then passes once more.
    await scene.settles()
    await late()
    pictures.push(await scene.picture())
    await scene.change('deployments', 'web', image('v1'))
    return [...pictures, await scene.picture()]
  },
  'a Deployment that is slow to count pods': deploymentStory(
    deployment({ minReadySeconds: 1 }),
    image('v2'),
  ),
  'a Deployment whose labels and annotations change': deploymentStory(
    deployment({ replicas: 1 }),
    { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } },
    { metadata: { annotations: { 'kubernetes.io/change-cause': 'because' } }, ...image('v2') },
  ),
  'a Deployment scaled in the middle of an update': deploymentStory(
    deployment({ replicas: 4 }),
    { spec: { template: template('app:v2-neverready') } },
    { spec: { replicas: 8 } },
    { spec: { replicas: 2 } },
  ),
  'a Deployment adopts a ReplicaSet that fits': async (scene) => {
    await scene.make('deployments', deployment({ replicas: 2 }))
    await scene.settles()
    await scene.remove('deployments', 'web', { propagationPolicy: 'Orphan' })
    const orphaned = await scene.picture()
    await scene.make('deployments', deployment({ replicas: 2 }))
    return [orphaned, await scene.picture()]
  },
  'a Deployment is deleted in the background': cascade('deployments', deployment(), 'web', {
    propagationPolicy: 'Background',
  }),
  'a Deployment is deleted in the foreground': cascade('deployments', deployment(), 'web', {
    propagationPolicy: 'Foreground',
  }),
  'a Deployment is deleted and its sets stay': cascade('deployments', deployment(), 'web', {
    propagationPolicy: 'Orphan',
  }),
  'a ReplicaSet is deleted and its pods stay': cascade('replicasets', replicaSet('set'), 'set', {
    propagationPolicy: 'Orphan',
  }),
  'a ReplicaSet is deleted with its pods': cascade('replicasets', replicaSet('set'), 'set', {
    propagationPolicy: 'Foreground',
  }),
  'a ReplicationController is deleted with its pods': cascade(
    'replicationcontrollers',
    controller,
    'web',
    { propagationPolicy: 'Background' },
  ),
  'a ReplicationController is deleted and its pods stay': cascade(
    'replicationcontrollers',
    controller,
    'web',
    { propagationPolicy: 'Orphan' },
  ),
  'a ReplicaSet is scaled': async (scene) => {
    await scene.make('replicasets', replicaSet('set'))
    const pictures = [await scene.picture()]
    for (const replicas of [4, 1, 0]) {
      await scene.change('replicasets', 'set', { spec: { replicas } })
      pictures.push(await scene.picture())
    }
    return pictures
  },
  'a ReplicationController is scaled': async (scene) => {
    await scene.make('replicationcontrollers', controller)
    const first = await scene.picture()
    await scene.change('replicationcontrollers', 'web', { spec: { replicas: 4 } })
    return [first, await scene.picture()]
  },
  'a ReplicaSet adopts pods that fit, and ends those beyond': async (scene) => {
    for (const name of ['one', 'two', 'three']) await scene.make('pods', pod(name, { app: 'web' }))
    await scene.settles()
    await scene.make('replicasets', replicaSet('set'))
    return [await scene.picture()]
  },
  'a ReplicaSet lets a relabelled pod go and makes another': async (scene) => {
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    const [first] = await scene.items('pods')
    await scene.change('pods', first.metadata.name, { metadata: { labels: { app: 'free' } } })
    return [await scene.picture()]
  },
  'a ReplicaSet replaces a pod that was deleted': async (scene) => {
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    const [first] = await scene.items('pods')
    await scene.remove('pods', first.metadata.name)
    return [await scene.picture()]
  },
  'two ReplicaSets of one selector do not take from each other': async (scene) => {
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    await scene.make('replicasets', replicaSet('rival', { replicas: 1 }))
    return [await scene.picture()]
  },
  'pods are handed over from one set to another': async (scene) => {
    await scene.make('replicasets', replicaSet('old', { replicas: 3 }))
    await scene.settles()
    await scene.remove('replicasets', 'old', { propagationPolicy: 'Orphan' })
    await scene.settles()
    for (const { metadata } of await scene.items('pods')) {
      await scene.change('pods', metadata.name, { metadata: { labels: { app: 'new' } } })
    }
    await scene.make('replicasets', replicaSet('new', { replicas: 3 }, 'new'))
    return [await scene.picture()]
  },
  'a Service has slices of the pods it selects': async (scene) => {
    await scene.make('services', service())
    const empty = await scene.picture()
    await scene.make('deployments', deployment({ replicas: 2 }))
    const full = await scene.picture()
    await scene.change('deployments', 'web', { spec: { replicas: 0 } })
    return [empty, full, await scene.picture()]
  },
  'a Service turns to other pods': async (scene) => {
    await scene.make('replicasets', replicaSet('set'))
    await scene.make('replicasets', replicaSet('other', {}, 'other'))
    await scene.make('services', service())
    const before = await scene.picture()
    await scene.change('services', 'web', { spec: { selector: { app: 'other' } } })
    return [before, await scene.picture()]
  },
  'a Service of pods that are not ready': async (scene) => {
    await scene.make('services', service())
    await scene.make('replicasets', replicaSet('set', { template: template('app:v1-neverready') }))
    const held = await scene.picture()
    await scene.change('services', 'web', { spec: { publishNotReadyAddresses: true } })
    return [held, await scene.picture()]
  },
  'a Service without an address, and by number': async (scene) => {
    await scene.make('services', service({ clusterIP: 'None', ports: [{ port: 8080 }] }))
    await scene.make('replicasets', replicaSet('set'))
    return [await scene.picture()]
  },
  'a Service with several ports': async (scene) => {
    await scene.make(
      'services',
      service({
        ports: [
          { name: 'a', port: 80, targetPort: 'http' },
          { name: 'b', port: 81, targetPort: 9090 },
        ],
      }),
    )
    await scene.make('replicasets', replicaSet('set'))
    return [await scene.picture()]
  },
  'a Service whose labels change': async (scene) => {
    await scene.make('services', service())
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    await scene.change('services', 'web', { metadata: { labels: { a: 'b' } } })
    return [await scene.picture()]
  },
  'a Service is deleted with its slices': async (scene) => {
    await scene.make('services', service())
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    await scene.remove('services', 'web')
    return [await scene.picture()]
  },
  'a Service without a selector has no slices': async (scene) => {
    await scene.make('services', service({ selector: null }))
    return [await scene.picture()]
  },
  'a slice that somebody deletes comes back': async (scene) => {
    await scene.make('services', service())
    await scene.make('replicasets', replicaSet('set'))
    await scene.settles()
    const [slice] = await scene.items('endpointslices')
    await scene.remove('endpointslices', slice.metadata.name)
    return [await scene.picture()]
  },
  'what is owned goes with its owner': async (scene) => {
    const top = await scene.make('configmaps', configMap('top'))
    const middle = await scene.make('configmaps', configMap('middle', [owner(top)]))
    await scene.make('configmaps', configMap('bottom', [owner(middle)]))
    await scene.settles()
    await scene.remove('configmaps', 'top')
    return [await scene.picture()]
  },
  'what is owned by another generation goes': async (scene) => {
    const top = await scene.make('configmaps', configMap('top'))
    await scene.make(
      'configmaps',
      configMap('bottom', [{ ...owner(top), uid: '11111111-1111-1111-1111-111111111111' }]),
    )
    await scene.until(async () =>
      (await scene.items('configmaps')).every(({ metadata }) => metadata.name !== 'bottom'),
    )
    return [await scene.picture()]
  },
  'what has another owner stays': async (scene) => {
    const one = await scene.make('configmaps', configMap('one'))
    const two = await scene.make('configmaps', configMap('two'))
    await scene.make('configmaps', configMap('both', [owner(one), owner(two)]))
    await scene.settles()
    await scene.remove('configmaps', 'one')
    return [await scene.picture()]
  },
  'what is orphaned stays without its owner': async (scene) => {
    const top = await scene.make('configmaps', configMap('top'))
    await scene.make('configmaps', configMap('bottom', [owner(top)]))
    await scene.settles()
    await scene.remove('configmaps', 'top', { propagationPolicy: 'Orphan' })
    return [await scene.picture()]
  },
  'in the foreground the owner waits for what blocks it': async (scene) => {
    const top = await scene.make('configmaps', configMap('top'))
    const blocks = owner(top, { blockOwnerDeletion: true })
    await scene.make(
      'configmaps',
      configMap('bottom', [blocks], { finalizers: ['example.com/hold'] }),
    )
    await scene.settles()
    await scene.remove('configmaps', 'top', { propagationPolicy: 'Foreground' })
    const held = await scene.picture()
    await scene.change('configmaps', 'bottom', { metadata: { finalizers: null } })
    return [held, await scene.picture()]
  },
  'in the foreground the owner does not wait for what does not block': async (scene) => {
    const top = await scene.make('configmaps', configMap('top'))
    await scene.make(
      'configmaps',
      configMap('bottom', [owner(top)], { finalizers: ['example.com/hold'] }),
    )
    await scene.settles()
    await scene.remove('configmaps', 'top', { propagationPolicy: 'Foreground' })
    return [await scene.picture()]
  },
  'a namespace goes with all that is in it': async (scene) => {
    await scene.make('deployments', deployment({ replicas: 2 }))
    await scene.make('services', service())
    await scene.settles()
    await scene.removeNamespace()
    return [await scene.picture()]
  },
}
