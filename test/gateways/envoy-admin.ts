/** What an Envoy says of itself, asked at the Unix socket of its administration. */
import { Agent, request } from 'undici'

export type EnvoyAdmin = {
  /** The body of an answer. @throws Error when it does not answer. */
  readonly ask: (path: string) => Promise<string>
  /** Weights by cluster of each route that splits traffic, and since when Envoy follows them. */
  readonly splits: () => Promise<readonly Split[]>
}

export type Split = {
  readonly weights: Readonly<Record<string, number>>
  /** Milliseconds since the Unix epoch. */
  readonly since: number
}

type RouteConfigs = {
  readonly configs?: readonly {
    readonly route_config?: {
      readonly virtual_hosts?: readonly { readonly routes?: readonly RouteOfEnvoy[] }[]
    }
    readonly last_updated: string
  }[]
}

type RouteOfEnvoy = {
  readonly route?: {
    readonly weighted_clusters?: {
      readonly clusters: readonly { readonly name: string; readonly weight?: number }[]
    }
  }
}

export function envoyAdmin(socketPath: string): EnvoyAdmin {
  const dispatcher = new Agent({ connect: { socketPath }, connections: 2 })
  const ask = async (path: string): Promise<string> => {
    const { body } = await request(`http://envoy${path}`, { dispatcher })
    return body.text()
  }
  return {
    ask,
    splits: async () => {
      const text = await ask('/config_dump?resource=dynamic_route_configs')
      return splitsOf(JSON.parse(text) as RouteConfigs)
    },
  }
}

function splitsOf({ configs = [] }: RouteConfigs): readonly Split[] {
  return configs.flatMap(({ route_config, last_updated }) =>
    (route_config?.virtual_hosts ?? [])
      .flatMap(({ routes = [] }) => routes)
      .flatMap(({ route }) => {
        const clusters = route?.weighted_clusters?.clusters
        if (clusters === undefined) return []
        const weights = Object.fromEntries(clusters.map(({ name, weight = 0 }) => [name, weight]))
        return [{ weights, since: Date.parse(last_updated) }]
      }),
  )
}
