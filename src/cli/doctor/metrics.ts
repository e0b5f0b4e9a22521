/** Whether the addresses that analyses ask answer a query. */

import type { Question } from '#core/metrics/provider.ts'
import { metricProviders } from '#core/metrics/register.ts'
import type { MetricProviderRef } from '#core/model/analysis.ts'
import { countingMetric } from '#core/model/counting.ts'
import { strictRules } from '#kube/address-guard.ts'
import { reachThrough } from '#kube/reach.ts'
import { sendDirect } from '#kube/transport.ts'
import type { Entry } from '#releases/entry.ts'
import { type Check, type Examined, type Finding, ok, unknown, warning } from './finding.ts'

export const metrics: Check = {
  name: 'metrics',
  examine: async (examined) => {
    const providers = new Map<string, MetricProviderRef>()
    for (const { app } of examined.entries) {
      const provider = app?.analysis?.provider
      if (provider !== undefined) providers.set(provider.address, provider)
    }
    return await Promise.all([...providers.values()].map((one) => findingOf(examined, one)))
  },
}

/** Of a Service, through the API server's proxy: that it answers, not that the controller reaches it. */
async function findingOf(
  { cluster, now, entries }: Examined,
  provider: MetricProviderRef,
): Promise<Finding> {
  const about = `${provider.kind} ${provider.address}`
  if (provider.secret !== undefined)
    return unknown(about, `it is asked with Secret ${provider.secret}, which is not used from here`)
  const ask = metricProviders[provider.kind].ask(provider, question(now))
  try {
    const reach = reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect })
    const { status } = await reach.url(ask.url, { headers: ask.headers ?? {}, timeoutMs: 5000 })
    if (status < 300) return ok(about, 'answers queries')
    return warning(
      about,
      `answered ${status} to a query`,
      `see whether ${usersOf(entries, provider)} name the right address`,
    )
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return warning(
      about,
      message,
      `see whether it runs, and whether ${usersOf(entries, provider)} name the right address`,
    )
  }
}

/** One that every server answers, whatever it has seen. */
function question(at: number): Question {
  const one = { successes: 'vector(1)', total: 'vector(1)' }
  const metric = countingMetric({ name: 'doctor', intervalMs: 1000, ...one })
  const subject = { namespace: '', rollout: '', revision: '', role: '', service: '' }
  return { metric, part: 'value', subject, windowMs: 1000, at }
}

function usersOf(entries: readonly Entry[], { address }: MetricProviderRef): string {
  const users = entries.filter(({ app }) => app?.analysis?.provider.address === address)
  const names = users.slice(0, 3).map(({ namespace, name }) => `${namespace}/${name}`)
  return users.length > names.length
    ? `${names.join(', ')} and ${users.length - names.length} more`
    : names.join(', ')
}
