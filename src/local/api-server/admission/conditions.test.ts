import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Asker, configMap, freshServer, type Json } from '../testing/ask.ts'
import { startWebhook, type TestWebhook } from '../testing/webhook.ts'

const validating = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const cms = '/api/v1/namespaces/default/configmaps'

let api: Asker
let webhook: TestWebhook
beforeAll(async () => {
  webhook = await startWebhook()
  webhook.answer(() => ({ allowed: false, status: { message: 'asked' } }))
})
afterAll(() => webhook.close())
beforeEach(async () => {
  api = await freshServer()
})

async function configure(
  conditions: readonly (string | Json)[],
  changes: Json = {},
): Promise<Json> {
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'v' },
    webhooks: [
      {
        name: 'v.example.com',
        clientConfig: webhook.client(),
        rules: [
          { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
        ],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: conditions.map((one, index) =>
          typeof one === 'string' ? { name: `c${index}`, expression: one } : one,
        ),
        ...changes,
      },
    ],
  }
  return (await api.post(validating, configuration)).body
}

const at = 'webhooks[0].matchConditions[0].expression: '
const refusals: [string, string][] = [
  ['1', `${at}Invalid value: "1": must evaluate to bool but got int`],
  ['object.foo', `${at}Invalid value: "object.foo": must evaluate to bool but got dyn`],
  [
    'foo',
    `${at}Invalid value: "foo": compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo\n | ^`,
  ],
  [
    'request.foo',
    `${at}Invalid value: "request.foo": compilation failed: ERROR: <input>:1:8: undefined field 'foo'\n | request.foo\n | .......^`,
  ],
  [
    'authorizer.foo',
    `${at}Invalid value: "authorizer.foo": compilation failed: ERROR: <input>:1:11: unexpected failed resolution of 'kubernetes.authorization.Authorizer'\n | authorizer.foo\n | ..........^`,
  ],
  [
    'authorizer.path("/x").check("get")',
    `${at}Invalid value: "authorizer.path(\\"/x\\").check(\\"get\\")": must evaluate to bool but got kubernetes.authorization.Decision`,
  ],
  [
    'int("x") == 1',
    `${at}Internal error: program instantiation failed: type conversion error from 'string' to 'int'`,
  ],
]
for (const [expression, message] of refusals) {
  test(`the condition ${expression} is refused when it is written down`, async () => {
    const subject = 'ValidatingWebhookConfiguration.admissionregistration.k8s.io "v" is invalid: '
    expect((await configure([expression])).message).toBe(`${subject}${message}`)
  })
}

const asked = 'admission webhook "v.example.com" denied the request: asked'
const refused = (why: string): string => `configmaps "cm" is forbidden: ${why}`
const tooDear =
  'authorizer.path("/a").check("get").allowed() && authorizer.path("/b").check("get").allowed()'
/** Undefined: the webhook is passed over. */
const outcomes: [string[], string | undefined][] = [
  [['true'], asked],
  [['true', 'false'], undefined],
  [['object.data.a == "x" && oldObject == null'], asked],
  [
    ['object.nope == 1'],
    refused("expression 'object.nope == 1' resulted in error: no such key: nope"),
  ],
  [['object.nope == 1', 'false'], undefined],
  [
    ['object.nope == 1', 'object.data.b == 1'],
    refused(
      "[expression 'object.nope == 1' resulted in error: no such key: nope, expression 'object.data.b == 1' resulted in error: no such key: b]",
    ),
  ],
  [['request.name == "cm" && request.operation == "CREATE" && !request.dryRun'], asked],
  [['has(request.subResource)'], undefined],
  [['request.userInfo.groups.exists(one, one == "system:masters")'], asked],
  [['authorizer.requestResource.check("create").allowed()'], asked],
  [
    ['authorizer.serviceAccount("default", "x").group("").resource("pods").check("get").allowed()'],
    undefined,
  ],
  [
    ['authorizer.serviceAccount("default", "X!").path("/").check("get").allowed()'],
    refused(
      `expression 'authorizer.serviceAccount("default", "X!").path("/").check("get").allowed()' resulted in error: Invalid service account name`,
    ),
  ],
  [
    [`${tooDear} && ${tooDear}`],
    refused(
      `expression '${tooDear} && ${tooDear}' resulted in error: operation cancelled: actual cost limit exceeded`,
    ),
  ],
  [
    [tooDear, tooDear, tooDear, tooDear],
    refused(
      'validation failed due to running out of cost budget, no further validation rules will be run',
    ),
  ],
]
for (const [conditions, message] of outcomes) {
  test(`under ${conditions.join(' and ').slice(0, 100)} the webhook is asked or not`, async () => {
    expect((await configure(conditions)).message).toBeUndefined()
    const { status, body } = await api.post(cms, configMap('cm', { a: 'x' }))
    if (message === undefined) expect([status, body.message]).toEqual([201, undefined])
    else expect([status, body.message]).toEqual([message === asked ? 400 : 403, message])
  })
}

test('where failures are ignored, a condition without a value passes the webhook over', async () => {
  await configure(['object.nope == 1'], { failurePolicy: 'Ignore' })
  expect((await api.post(cms, configMap('cm'))).status).toBe(201)
})

test('a deletion has no object, only the one that was', async () => {
  await api.post(cms, configMap('cm', { a: 'x' }))
  await configure(['object == null && oldObject.data.a == "x" && request.operation == "DELETE"'])
  expect((await api.remove(`${cms}/cm`)).body.message).toBe(asked)
})

test('names of conditions are there, sound and different', async () => {
  const wrong = [
    { name: '', expression: 'true' },
    { name: 'a', expression: ' ' },
    { name: 'a', expression: 'true' },
  ]
  const field = 'webhooks[0].matchConditions'
  expect((await configure(wrong)).message).toContain(
    `[${field}[0].name: Required value, ${field}[1].expression: Required value, ${field}[2].name: Duplicate value: "a"]`,
  )
})
