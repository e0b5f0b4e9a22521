/** How one installation is called, and what all of them have in common. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }

export { version }

/** Who the image runs as; scripts/image says the same. */
export const user = 65532

export const healthPort = 8080

/** Names that people meet: in the documents of an original they are its own. */
export type Names = {
  readonly namespace: string
  readonly deployment: string
  readonly container: string
  readonly service: string
  readonly account: string
  /** Of the ClusterRole and, in the installation's own namespace, of the Role. */
  readonly role: string
  readonly ownRole: string
  readonly binding: string
  readonly ownBinding: string
  readonly selector: Readonly<Record<string, string>>
}

export const ourNames: Names = {
  namespace: 'headgate-system',
  deployment: 'headgate',
  container: 'headgate',
  service: 'headgate',
  account: 'headgate',
  role: 'headgate',
  ownRole: 'headgate',
  binding: 'headgate',
  ownBinding: 'headgate',
  selector: { 'app.kubernetes.io/name': 'headgate' },
}

/** Labels of everything that belongs to an installation, whatever it is called: `headgate doctor` looks for them. */
export function labelsOf({
  deployment,
}: Pick<Names, 'deployment'>): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': 'headgate',
    'app.kubernetes.io/instance': deployment,
    'app.kubernetes.io/part-of': 'headgate',
  }
}

/** Any object; what it is made of is plain data. */
export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [more: string]: unknown
}
