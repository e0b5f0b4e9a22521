/** What runs each block of commands of each page; a block that is not named here fails a test. */
import type { Page, Said, Walking } from './blocks.ts'

type Here = Omit<Extract<Said, { readonly by: 'here' }>, 'starts' | 'by'>

const ci = '.ci/run'
const cluster = 'test/cluster/install.cluster.test.ts'
const packages = 'test/image/package.image.test.ts'

const here = (starts: string, more: Here = {}): Said => ({ starts, by: 'here', ...more })
const by = (starts: string, test: string): Said => ({ starts, by: 'test', test })
const nobody = (starts: string, why: string): Said => ({ starts, by: 'nobody', why })

/** Pods of the controller are a sample's on a local cluster: they are not what its probes ask for. */
const withoutPods = {
  'kubectl -n headgate-system rollout status deployment/headgate': '',
  'headgate doctor': 'headgate doctor || test $? -eq 4',
}

/** A release at a step at which somebody has to say something. */
async function waitingShop({ type }: Walking): Promise<void> {
  await type('kubectl apply -f examples/quick-start/gateway-api.yaml')
  await type('headgate status web --timeout 60s')
  await type('headgate set image web web=nginx:1.29')
  await type("kubectl wait release/web --for=jsonpath='{.status.phase}'=Paused --timeout=60s")
}

/** Installed under the names of KULTA. */
function asKulta({ type }: Walking): Promise<string> {
  const lines = ['kubectl apply -f deploy/crd.yaml', 'kubectl apply -f deploy/']
  return type(['cd deploy/kustomize/overlays/kulta', ...lines].join('\n'))
}

/** By page; those that are not here have no commands. */
export const walks: Readonly<Record<string, Page>> = {
  'README.md': {
    cluster: 'local',
    blocks: [
      by('npm ci && npm run demo', ci),
      by('npm ci && npm test', ci),
      nobody('npm run -s headgate -- local', 'it is the cluster of this test, started in this way'),
      here('alias k=', { instead: { '-w': '' }, says: 'shop' }),
      here('alias k=', {
        before: ({ type }) => type('headgate status shop --timeout 60s'),
        seconds: 4,
        says: 'Hello!',
      }),
      here('export KUBECONFIG=', {
        // By then it may have come to its end, where there is nothing to promote.
        instead: { 'promote shop': 'promote shop || test $? -eq 3' },
        says: 'shop',
      }),
    ],
  },
  'docs/dashboard.md': {
    cluster: 'local',
    blocks: [
      here('kubectl create serviceaccount ann'),
      by('headgate controller --dashboard-address 0.0.0.0:8000', 'test/dashboard/sign-in.test.ts'),
      here('kubectl create rolebinding ann', {
        before: ({ type }) => type('kubectl create namespace shop'),
      }),
      by('TOKEN=$(kubectl create token', cluster),
    ],
  },
  'docs/doors/canaryapp.md': {
    cluster: 'local',
    blocks: [
      here('kubectl apply -f examples/canaryapp', {
        instead: { '--watch': '' },
        says: 'canaryapp-sample',
      }),
      here('kubectl annotate canaryapp canaryapp-sample'),
      here('kubectl apply -f deploy/crds/canaryapps', {
        before: ({ type }) =>
          type(
            'cd deploy/kustomize/overlays/canaryapp && kubectl kustomize config/default/ | kubectl apply -f -',
          ),
      }),
      here('kubectl -n headgate-system delete deployment headgate', {
        before: ({ type }) => type('kubectl apply -k deploy/kustomize/cluster'),
        instead: { NAME: 'canaryapp-sample' },
      }),
    ],
  },
  'docs/doors/deployer.md': {
    cluster: 'local',
    blocks: [here('headgate local &', { instead: { 'headgate local &': '' }, says: 'DEPLOYED' })],
  },
  'docs/doors/kulta.md': {
    cluster: 'local',
    blocks: [
      here('kubectl apply -f examples/kulta/canary', {
        instead: { '--watch': '' },
        says: 'my-app',
      }),
      here('kubectl -n kulta-system delete deployment', {
        before: asKulta,
      }),
      here('kubectl apply -f deploy/crds/rollouts'),
      here('mkdir -p ../my-headgate', { instead: withoutPods, says: 'deployment.apps/headgate' }),
      here('kubectl -n headgate-system delete deployment headgate', {
        instead: { NAME: 'my-app' },
      }),
    ],
  },
  'docs/doors/superposition.md': {
    cluster: 'local',
    blocks: [
      here('headgate local --kubeconfig', {
        instead: {
          'headgate local --kubeconfig /tmp/local.kubeconfig &': '',
          '--kubeconfig /tmp/local.kubeconfig': '',
        },
        says: 'nginxservice',
      }),
    ],
  },
  'docs/gitops.md': {
    cluster: 'bare',
    blocks: [
      here('kubectl apply --server-side -f deploy/argocd', {
        before: ({ type }) => type('kubectl create namespace argocd'),
      }),
    ],
  },
  'docs/install.md': {
    cluster: 'bare',
    blocks: [
      nobody('npm ci && npm run image', 'skopeo writes to a registry; test/image makes the image'),
      here('mkdir -p ../my-headgate', { instead: withoutPods, says: 'deployment.apps/headgate' }),
      by('helm install headgate', cluster),
      by('npm run package', packages),
      by('npm install -g', packages),
      by('mkdir -p ~/.local/headgate', packages),
      nobody('npm run package -- --from', 'krew is not here; test/image reads its manifest'),
      here('kubectl apply -f deploy/crds'),
      here('kubectl -n headgate-system create secret generic'),
      here('kubectl -n kulta-system set image', { before: asKulta }),
      here('kubectl create rolebinding headgate-secrets'),
      here('kubectl apply -f deploy/crds', { instead: withoutPods, says: 'all is stored as' }),
      here('headgate uninstall', {
        before: async ({ type, controllerAs }) => {
          await controllerAs({ namespace: 'headgate-system', account: 'headgate' })
          await type('kubectl apply -f examples/quick-start/gateway-api.yaml')
          await type('headgate status web --timeout 60s')
        },
        // It says what there is, and asks for a word more.
        instead: { 'uninstall                    #': 'uninstall || test $? -eq 3 #' },
        says: 'All is given back',
      }),
      here('kubectl delete -k ../my-headgate -l'),
      here('kubectl get releases,rollouts.kulta.io,canaryapps -A'),
      here('kubectl patch release NAME', {
        before: async ({ type }) => {
          await type('kubectl apply -f deploy/crds')
          await type('kubectl wait --for=condition=Established crd/releases.headgate.dev')
          await type('kubectl apply -f examples/quick-start/gateway-api.yaml')
        },
        instead: { NAME: 'web' },
      }),
    ],
  },
  'docs/operations.md': {
    cluster: 'local',
    blocks: [
      here('kubectl get releases,rollouts.kulta.io', { says: 'kind: List' }),
      nobody(
        'kubectl -n headgate-system exec',
        'the local kubelet has no exec; log-level.test.ts sends the signal',
      ),
    ],
  },
  'docs/release.md': {
    cluster: 'local',
    blocks: [
      here('uid=$(kubectl get release shop', { before: waitingShop, instead: { shop: 'web' } }),
    ],
  },
  'docs/runbooks.md': {
    cluster: 'bare',
    blocks: [
      here('kubectl -n headgate-system get pods,events', {
        before: async ({ type }) => {
          await type('kubectl apply -k deploy/kustomize/cluster')
          await type(
            'until kubectl -n headgate-system logs deployment/headgate; do sleep 0.2; done',
          )
        },
        // Nothing of it has ended yet.
        instead: { ' --previous': '' },
        says: 'pod/headgate',
      }),
      here('kubectl -n headgate-system get lease headgate', {
        before: ({ controllerAs }) =>
          controllerAs({ namespace: 'headgate-system', account: 'headgate' }),
        // The pods are a sample's here, and say nothing of leases.
        instead: { 'grep lease': 'cat' },
        says: 'holderIdentity',
      }),
      here('kubectl -n headgate-system logs deployment/headgate | grep', {
        instead: { 'grep \'"level":50\'': 'cat' },
      }),
      here('headgate status NAME -n NAMESPACE', {
        before: waitingShop,
        instead: { NAMESPACE: 'default', NAME: 'web' },
        // It waits for the release's end.
        seconds: 4,
        says: 'web: Paused',
      }),
      here('kubectl -n headgate-system logs deployment/headgate | grep', {
        instead: { 'grep sink': 'cat' },
      }),
    ],
  },
}

/** Pages whose commands have a test of their own. */
export const walkedElsewhere: Readonly<Record<string, string>> = {
  'docs/quick-start.md': 'test/docs/quick-start.kubectl.test.ts',
  'docs/cli.md': 'test/docs/blocks.test.ts',
}
