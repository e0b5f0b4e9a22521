/** The schema of a pod template. It is not spelt out; the workload that it becomes is checked by the server. */
import { list, type Schema } from './schema-parts.ts'

export const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

export const labels = (description: string): Schema => ({
  type: 'object',
  maxProperties: 32,
  additionalProperties: { type: 'string', maxLength: 63 },
  description,
})

export const podTemplate = (description: string): Schema => ({
  type: 'object',
  description,
  ...open,
  required: ['metadata', 'spec'],
  properties: {
    metadata: {
      type: 'object',
      ...open,
      required: ['labels'],
      properties: { labels: labels('Labels of the pods.') },
    },
    spec: {
      type: 'object',
      ...open,
      required: ['containers'],
      properties: {
        containers: list({ type: 'object', ...open }, { minItems: 1, maxItems: 64 }),
      },
    },
  },
})
