/** The parts of the Helm chart that follow from code: definitions, rights, rules, dashboard, versions. Its templates are written by hand. */
import { ruleGroups } from './alerts.ts'
import { base, type Feature, features } from './features.ts'
import { type Files, header, manifests, under, yamlOf } from './files.ts'
import { boardText } from './monitoring.ts'
import { version } from './names.ts'
import { peopleOf } from './people.ts'

/** Where the chart says what is left to it. */
const runbookUrl = 'RUNBOOK_URL'

export function chart(): Files {
  return under('deploy/helm/headgate', {
    'Chart.yaml': header + yamlOf(about),
    'files/features.yaml': header + yamlOf(featureTable()),
    'files/people.yaml': header + yamlOf(peopleTable()),
    'files/alerts.yaml': header + yamlOf(ruleGroups(runbookUrl)),
    'files/dashboard.json': boardText(),
    ...crdsOf('headgate', base),
    ...Object.assign({}, ...features.map((one) => crdsOf(one.name, one))),
  })
}

const about = {
  apiVersion: 'v2',
  name: 'headgate',
  description: 'Progressive delivery for Kubernetes',
  type: 'application',
  version,
  appVersion: version,
  kubeVersion: '>= 1.28.0-0',
  keywords: ['progressive-delivery', 'canary', 'blue-green', 'gateway-api', 'istio'],
  annotations: { 'artifacthub.io/license': 'Apache-2.0' },
}

function crdsOf(name: string, { crds }: Pick<Feature, 'crds'>): Files {
  return Object.fromEntries(
    crds.map((crd) => [`files/crds/${name}/${crd.metadata.name}.yaml`, manifests([crd])]),
  )
}

/** What each part adds; templates go through the parts that are on. */
function featureTable(): object {
  const table = features.map(({ name, isNamespaced, args, env, port, volumes, mounts, rules }) => [
    name,
    {
      isNamespaced,
      args,
      env,
      ...(port === undefined ? {} : { port }),
      volumes,
      mounts,
      rules,
    },
  ])
  return { headgate: { isNamespaced: true, rules: base.rules }, ...Object.fromEntries(table) }
}

function peopleTable(): object {
  const names = ['headgate', ...features.map(({ name }) => name)]
  const filled = names.map((name) => [name, peopleOf(name)] as const)
  return Object.fromEntries(filled.filter(([, roles]) => roles.length > 0))
}
