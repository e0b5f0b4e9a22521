/** `headgate init`: a first manifest for a Deployment that exists. What the cluster knows is not asked. */
import { findAround } from '../init/found.ts'
import { firstManifest } from '../init/manifest.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export async function init(name: string, options: ClusterOptions): Promise<void> {
  await withCluster(options, async ({ cluster, namespace }) => {
    const found = await findAround(
      cluster,
      namespace,
      name.replace(/^deploy(ment(s)?)?(\.apps)?\//, ''),
    )
    process.stdout.write(firstManifest(found))
    const { service, route, otherServices, autoscaler } = found
    const way =
      route === undefined
        ? 'no route sends to it, so that the number of pods is the split'
        : `${route.object.kind} ${route.object.metadata.name} splits its traffic`
    const notes = [
      `Service ${service.metadata.name} is stable; ${way}.`,
      ...(otherServices.length === 0
        ? []
        : [
            `Its pods are also behind ${otherServices.join(', ')}, which will see none of them any more.`,
          ]),
      ...(autoscaler === undefined
        ? []
        : [
            `HorizontalPodAutoscaler ${autoscaler} scales it: point it at Release ${found.deployment.metadata.name}.`,
          ]),
      'Look at what it would do with `headgate plan -`, then hand it to `kubectl apply -f -`.',
    ]
    for (const note of notes) process.stderr.write(`# ${note}\n`)
  })
}
