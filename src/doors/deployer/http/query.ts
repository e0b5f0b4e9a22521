/** Query parameters: each at most once, names in any case, as scripts of ten years write them. */
import { isLabelName } from './label.ts'
import { badRequest } from './refusal.ts'

export type Query = {
  readonly text: (name: string) => string | undefined
  readonly flag: (name: string, fallback: boolean) => boolean
  /** A whole number from 1. */
  readonly count: (name: string) => number | undefined
  /** A20: mandatory everywhere. */
  readonly namespace: () => string
}

/** @throws Refusal 400, when it is asked for something that makes no sense. */
export function queryOf(given: unknown): Query {
  const values = new Map<string, unknown>(
    Object.entries((given ?? {}) as Readonly<Record<string, unknown>>).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  )
  const text = (name: string): string | undefined => {
    const value = values.get(name.toLowerCase())
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw badRequest(`${name} is given several times`)
    return value
  }
  return {
    text,
    flag: (name, fallback) => {
      const value = text(name)
      if (value === undefined) return fallback
      if (value !== 'true' && value !== 'false') throw badRequest(`${name} must be true or false`)
      return value === 'true'
    },
    count: (name) => {
      const value = text(name)
      if (value === undefined) return undefined
      if (!/^[1-9]\d{0,6}$/.test(value)) throw badRequest(`${name} must be a number from 1`)
      return Number(value)
    },
    namespace: () => {
      const value = text('namespace')
      if (value === undefined) throw badRequest('the query parameter namespace is missing')
      if (!isLabelName(value)) throw badRequest(`namespace ${JSON.stringify(value)} is no name`)
      return value
    },
  }
}
