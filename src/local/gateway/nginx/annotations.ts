/** What the annotations of ingress-nginx say. One that cannot be read counts as absent, as there. */
import type { KubeObject } from '#core/k8s/meta.ts'

const prefix = 'nginx.ingress.kubernetes.io/'

export type Annotations = {
  /** Undefined for an absent or empty one. */
  readonly text: (name: string) => string | undefined
  readonly flag: (name: string) => boolean | undefined
  readonly whole: (name: string) => number | undefined
}

export function annotationsOf({ metadata }: KubeObject): Annotations {
  const given = metadata.annotations ?? {}
  const text = (name: string): string | undefined => {
    const value = given[`${prefix}${name}`]?.trim()
    return value === '' ? undefined : value
  }
  return {
    text,
    flag: (name) => {
      const value = text(name) ?? ''
      if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true
      return /^(0|f|F|false|FALSE|False)$/.test(value) ? false : undefined
    },
    whole: (name) => {
      const value = text(name) ?? ''
      return /^-?\d{1,9}$/.test(value) ? Number(value) : undefined
    },
  }
}
