/** CustomResourceDefinitions: schemas, pruning, defaults, rules in CEL, lists that are maps, versions, conversion. */
import {
  apply,
  asTable,
  type Case,
  cases,
  force,
  get,
  type Json,
  jsonPatch,
  merge,
  paths,
  post,
  put,
  remove,
  type Step,
  strategic,
  until,
  watch,
} from '../case.ts'

const { definitions } = paths
const definition = `${definitions}/things.$id.example.com`
const things = '/apis/$id.example.com/v1/namespaces/$ns/things'
const one = `${things}/a`

const text = { type: 'string' }
const whole = { type: 'integer' }
const object = (properties: Json, more: Json = {}): Json => ({
  type: 'object',
  properties,
  ...more,
})

/** A definition with this schema of spec. */
function define(spec: Json, more: { version?: Json; spec?: Json } = {}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.$id.example.com' },
    spec: {
      group: '$id.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: object({ spec, status: object({ count: whole, note: text }) }),
          },
          ...more.version,
        },
      ],
      ...more.spec,
    },
  }
}

const thing = (spec: Json, more: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: '$id.example.com/v1',
  kind: 'Thing',
  metadata: { name: 'a', ...metadata },
  spec,
  ...more,
})

/** Makes the definition, waits until it is served, and plays on. */
function defined(body: Json, ...steps: readonly Step[]): readonly Step[] {
  return [
    until(post(definitions, body), 201),
    until(get(things), 200),
    until(merge(`${one}-none`, {}), 404, 'not found'),
    ...steps,
    until(remove(definition), 200),
  ]
}

const make = (spec: Json, more: Json = {}): Step =>
  post(things, thing(spec, more), { save: 'made' })
const simple = object({ size: { type: 'integer', minimum: 1, maximum: 9, default: 3 }, name: text })

const lives = cases('custom objects', {
  'are made, read, listed, changed and deleted': defined(
    define(simple),
    make({ size: 5 }),
    get(one),
    get(things),
    merge(one, { spec: { size: 6 } }),
    merge(one, { spec: { size: 6 } }),
    remove(one),
    get(one),
  ),
  'have defaults and lose what is unknown': defined(
    define(simple),
    make({ colour: 'red', name: 'x' }),
    post(`${things}?fieldValidation=Strict`, thing({ colour: 'red' }, {}, { name: 'b' })),
  ),
  'are checked by their schema': defined(
    define(simple),
    make({ size: 0 }),
    make({ size: 10 }),
    make({ size: 'five' }),
    make({ size: 1.5 }),
    make({ name: 7 }),
    post(things, { ...thing({}), spec: 'text' }),
    make({}),
    merge(one, { spec: { size: 99 } }),
  ),
  'keep status and spec apart': defined(
    define(simple),
    make({ size: 2 }, { status: { count: 5 } }),
    merge(`${one}/status`, {
      status: { count: 7 },
      spec: { size: 4 },
      metadata: { labels: { a: 'b' } },
    }),
    merge(one, { spec: { size: 4 }, status: { count: 9 } }),
    get(one),
  ),
  'have no status of their own without the subresource': defined(
    define(simple, { version: { subresources: {} } }),
    make({ size: 2 }, { status: { count: 5 } }),
    merge(`${one}/status`, { status: { count: 7 } }),
    merge(one, { status: { count: 8 } }),
  ),
  'have a scale': defined(
    define(simple, {
      version: {
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.size',
            statusReplicasPath: '.status.count',
            labelSelectorPath: '.status.note',
          },
        },
      },
    }),
    make({ size: 2 }),
    merge(`${one}/status`, { status: { count: 1, note: 'app=x' } }),
    get(`${one}/scale`),
    merge(`${one}/scale`, { spec: { replicas: 4 } }),
    merge(`${one}/scale`, { spec: { replicas: 40 } }),
    put(`${one}/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a', namespace: '$ns' },
      spec: { replicas: 5 },
    }),
  ),
  'are not merged strategically': defined(
    define(simple),
    make({}),
    strategic(one, { spec: { size: 4 } }),
  ),
  'are changed by JSON patch': defined(
    define(simple),
    make({ size: 4 }),
    jsonPatch(one, [
      { op: 'test', path: '/spec/size', value: 4 },
      { op: 'replace', path: '/spec/size', value: 5 },
    ]),
    jsonPatch(one, [{ op: 'replace', path: '/spec/size', value: 50 }]),
  ),
  'need the version to be replaced': defined(
    define(simple),
    make({ size: 4 }),
    put(one, thing({ size: 5 })),
    put(one, thing({ size: 5 }, {}, { resourceVersion: '<made.metadata.resourceVersion>' })),
    put(one, thing({ size: 6 }, {}, { resourceVersion: '<made.metadata.resourceVersion>' })),
  ),
  'are watched': defined(
    define(simple),
    make({ size: 4 }),
    merge(one, { spec: { size: 5 } }),
    remove(one),
    watch(`${things}?resourceVersion=<made.metadata.resourceVersion>`, 2),
  ),
  'are tried': defined(define(simple), post(`${things}?dryRun=All`, thing({ size: 5 })), get(one)),
  'are shown as tables': defined(
    define(simple, {
      version: {
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Made', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          {
            name: 'Note',
            type: 'string',
            jsonPath: '.status.note',
            priority: 1,
            description: 'a note',
          },
        ],
      },
    }),
    make({ size: 4 }),
    asTable(get(one)),
    asTable(get(things)),
  ),
  'are shown as plain tables': defined(define(simple), make({}), asTable(get(things))),
  'are selected by fields of their own': defined(
    define(simple, { version: { selectableFields: [{ jsonPath: '.spec.name' }] } }),
    make({ name: 'x' }),
    post(things, thing({ name: 'y' }, {}, { name: 'b' })),
    get(`${things}?fieldSelector=spec.name=x`),
    get(`${things}?fieldSelector=spec.size=3`),
  ),
  'of a cluster have no namespace': [
    until(post(definitions, define(simple, { spec: { scope: 'Cluster' } })), 201),
    until(get('/apis/$id.example.com/v1/things'), 200),
    until(merge('/apis/$id.example.com/v1/things/none', {}), 404, 'not found'),
    post('/apis/$id.example.com/v1/things', thing({})),
    get('/apis/$id.example.com/v1/things/a'),
    get(things),
  ],
  'go with their definition': [
    ...defined(define(simple), make({})),
    until(get(things), 404),
    get(one),
  ],
  'wait for their finalizers': defined(
    define(simple),
    post(things, thing({}, {}, { finalizers: ['example.com/hold'] })),
    remove(one),
    merge(one, { metadata: { finalizers: [] } }),
    get(one),
  ),
})

const schemas = cases('custom schemas', {
  'what is required': defined(
    define(object({ a: text }, { required: ['a'] })),
    make({}),
    make({ a: 'x' }),
  ),
  'spec itself is required': defined(
    define(simple, {
      version: { schema: { openAPIV3Schema: object({ spec: simple }, { required: ['spec'] }) } },
    }),
    post(things, { apiVersion: '$id.example.com/v1', kind: 'Thing', metadata: { name: 'a' } }),
  ),
  'one of a list': defined(
    define(object({ a: { type: 'string', enum: ['x', 'y'] } })),
    make({ a: 'z' }),
    make({ a: 'x' }),
  ),
  'patterns and lengths': defined(
    define(object({ a: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 4 } })),
    make({ a: 'A1' }),
    make({ a: 'a' }),
    make({ a: 'abcde' }),
    make({ a: 'abc' }),
  ),
  formats: defined(
    define(
      object({
        a: { type: 'string', format: 'date-time' },
        b: { type: 'string', format: 'ipv4' },
        c: { type: 'string', format: 'duration' },
      }),
    ),
    make({ a: 'yesterday' }),
    make({ b: '1.2.3' }),
    make({ c: '5 parsecs' }),
    make({ a: '2026-01-01T00:00:00Z', b: '198.51.100.1', c: '5m' }),
  ),
  'numbers and their steps': defined(
    define(
      object({
        a: { type: 'number', minimum: 0, exclusiveMinimum: true, multipleOf: 0.5 },
        b: { type: 'integer', format: 'int32' },
      }),
    ),
    make({ a: 0 }),
    make({ a: 0.7 }),
    make({ a: 1.5 }),
    make({ b: 3_000_000_000 }),
  ),
  'lists and their lengths': defined(
    define(object({ a: { type: 'array', items: whole, minItems: 1, maxItems: 2 } })),
    make({ a: [] }),
    make({ a: [1, 2, 3] }),
    make({ a: ['x'] }),
  ),
  'maps of values': defined(
    define(object({ a: { type: 'object', additionalProperties: whole, maxProperties: 2 } })),
    make({ a: { x: 1 } }),
    make({ a: { x: 'one' } }),
    make({ a: { x: 1, y: 2, z: 3 } }),
  ),
  'a number or a text': defined(
    define(object({ a: { 'x-kubernetes-int-or-string': true } })),
    make({ a: 1 }),
    merge(one, { spec: { a: '50%' } }),
    merge(one, { spec: { a: true } }),
  ),
  'what is unknown may stay': defined(
    define(object({ a: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } })),
    make({ a: { any: { thing: [1, 'x'] } }, b: 1 }),
  ),
  'whole objects inside': defined(
    define(
      object({
        a: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
      }),
    ),
    make({ a: { any: 1 } }),
    make({ a: { apiVersion: 'v1', kind: 'Odd', metadata: { name: 'x' } } }),
  ),
  'null where it may be': defined(
    define(
      object({
        a: { type: 'string', nullable: true },
        b: text,
        c: { type: 'string', default: 'x' },
      }),
    ),
    make({ a: null, b: null, c: null }),
  ),
  'defaults inside defaults': defined(
    define(
      object({
        a: { type: 'object', default: {}, properties: { b: { type: 'string', default: 'x' } } },
        c: { type: 'array', items: object({ d: { type: 'integer', default: 1 } }) },
      }),
    ),
    make({ c: [{}, { d: 5 }] }),
  ),
  'either or': defined(
    define(object({ a: whole, b: whole }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] })),
    make({}),
    make({ a: 1, b: 2 }),
    make({ a: 1 }),
  ),
  'any, all and not': defined(
    define(
      object(
        { a: whole, b: whole },
        { anyOf: [{ required: ['a'] }, { required: ['b'] }], not: { required: ['a', 'b'] } },
      ),
    ),
    make({}),
    make({ a: 1, b: 2 }),
    make({ b: 1 }),
  ),
  'a list that is a map has each key once': defined(
    define(
      object({
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: object({ k: text, v: whole }, { required: ['k'] }),
        },
      }),
    ),
    make({
      a: [
        { k: 'x', v: 1 },
        { k: 'x', v: 2 },
      ],
    }),
    make({
      a: [
        { k: 'x', v: 1 },
        { k: 'y', v: 2 },
      ],
    }),
  ),
  'a list that is a set has each value once': defined(
    define(object({ a: { type: 'array', 'x-kubernetes-list-type': 'set', items: text } })),
    make({ a: ['x', 'x'] }),
    make({ a: ['x', 'y'] }),
  ),
})

const rules = (list: readonly Json[], properties: Json = { a: whole, b: whole, s: text }): Json =>
  define(object(properties, { 'x-kubernetes-validations': list }))

const cel = cases('custom rules', {
  'hold or refuse': defined(
    rules([{ rule: 'self.a < self.b', message: 'a must be below b' }]),
    make({ a: 1, b: 2 }),
    merge(one, { spec: { a: 5 } }),
  ),
  'without a message they show themselves': defined(
    rules([{ rule: 'self.a < self.b' }]),
    make({ a: 5, b: 2 }),
  ),
  'make their message': defined(
    rules([
      {
        rule: 'self.a < self.b',
        messageExpression: '"a is " + (self.a > 3 ? "too large" : "odd")',
      },
    ]),
    make({ a: 5, b: 2 }),
  ),
  'name a reason and a field': defined(
    rules([
      { rule: 'self.a < self.b', message: 'no', reason: 'FieldValueForbidden', fieldPath: '.a' },
    ]),
    make({ a: 5, b: 2 }),
  ),
  'compare with what was': defined(
    rules([{ rule: 'self.a >= oldSelf.a', message: 'a only grows' }]),
    make({ a: 5 }),
    merge(one, { spec: { a: 4 } }),
    merge(one, { spec: { a: 6 } }),
  ),
  'keep a field as it was': defined(
    define(
      object({
        a: {
          type: 'integer',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'a is immutable' }],
        },
      }),
    ),
    make({ a: 5 }),
    merge(one, { spec: { a: 6 } }),
    merge(one, { metadata: { labels: { x: 'y' } } }),
  ),
  'look at what may be missing': defined(
    rules([{ rule: '!has(self.a) || self.a > 0', message: 'positive' }]),
    make({}),
    merge(one, { spec: { a: -1 } }),
  ),
  'fail with what is missing': defined(rules([{ rule: 'self.a > 0' }]), make({})),
  'work on lists': defined(
    define(
      object(
        {
          l: {
            type: 'array',
            maxItems: 5,
            items: object({ n: whole, s: { type: 'string', maxLength: 9 } }),
          },
        },
        {
          'x-kubernetes-validations': [
            { rule: 'self.l.all(x, x.n > 0) && self.l.exists(x, x.s == "one")', message: 'no' },
          ],
        },
      ),
    ),
    make({ l: [{ n: 1, s: 'one' }] }),
    merge(one, { spec: { l: [{ n: 0, s: 'one' }] } }),
    merge(one, { spec: { l: [{ n: 1, s: 'two' }] } }),
  ),
  'work on texts': defined(
    rules([
      {
        rule: "!has(self.s) || (self.s.startsWith('a') && self.s.matches('^[a-z]+$') && size(self.s) < 5)",
        message: 'no',
      },
    ]),
    make({ s: 'abc' }),
    merge(one, { spec: { s: 'b' } }),
    merge(one, { spec: { s: 'abcdef' } }),
  ),
  'know quantities, durations and times': defined(
    rules([
      { rule: "!has(self.s) || quantity(self.s).isLessThan(quantity('1Gi'))", message: 'too much' },
    ]),
    make({ s: '500Mi' }),
    merge(one, { spec: { s: '2Gi' } }),
  ),
  'see metadata at the root': defined(
    define(simple, {
      version: {
        schema: {
          openAPIV3Schema: object(
            { spec: simple },
            {
              'x-kubernetes-validations': [
                { rule: "self.metadata.name.startsWith('a')", message: 'a name with a' },
              ],
            },
          ),
        },
      },
    }),
    make({}),
    post(things, thing({}, {}, { name: 'b' })),
  ),
  'may be old mistakes': defined(
    rules([{ rule: 'self.a < 5', message: 'small' }]),
    make({ a: 1 }),
    until(merge(definition, { metadata: { labels: { x: 'y' } } }), 200),
    merge(one, { spec: { b: 1 } }),
  ),
  'that do not compile refuse the definition': [
    post(definitions, rules([{ rule: 'self.nothing > 1' }])),
    post(definitions, rules([{ rule: 'self.a >' }])),
    post(definitions, rules([{ rule: '1 + 1' }])),
  ],
  'that cost too much refuse the definition': [
    post(
      definitions,
      define(
        object({
          l: {
            type: 'array',
            items: { type: 'array', items: text },
            'x-kubernetes-validations': [
              { rule: 'self.all(a, a.all(b, self.all(c, c.all(d, b == d))))' },
            ],
          },
        }),
      ),
    ),
  ],
})

const applied = (spec: Json, name = 'a'): Json => ({
  apiVersion: '$id.example.com/v1',
  kind: 'Thing',
  metadata: { name },
  spec,
})
const mapList = object({
  list: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: object({ k: text, v: whole }, { required: ['k'] }),
  },
  set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
  plain: { type: 'array', items: text },
  map: { type: 'object', additionalProperties: text },
  atom: { ...object({ x: text, y: text }), 'x-kubernetes-map-type': 'atomic' },
})

const applies = cases('custom apply', {
  'a list that is a map': defined(
    define(mapList),
    apply(one, 'ann', applied({ list: [{ k: 'x', v: 1 }] })),
    apply(one, 'bob', applied({ list: [{ k: 'y', v: 2 }] })),
    apply(one, 'bob', applied({ list: [{ k: 'x', v: 3 }] })),
    force(one, 'bob', applied({ list: [{ k: 'x', v: 3 }] })),
    apply(one, 'ann', applied({})),
  ),
  'an item that another has changed, and that is not said any more': defined(
    define(mapList),
    apply(one, 'bob', applied({ list: [{ k: 'x', v: 1 }] })),
    merge(one, { spec: { list: [{ k: 'x', v: 0 }] } }),
    force(one, 'bob', applied({})),
  ),
  'a list that is a set': defined(
    define(mapList),
    apply(one, 'ann', applied({ set: ['a', 'b'] })),
    apply(one, 'bob', applied({ set: ['b', 'c'] })),
    apply(one, 'ann', applied({ set: [] })),
  ),
  'a plain list is atomic': defined(
    define(mapList),
    apply(one, 'ann', applied({ plain: ['a'] })),
    apply(one, 'bob', applied({ plain: ['b'] })),
    force(one, 'bob', applied({ plain: ['b'] })),
  ),
  'a map': defined(
    define(mapList),
    apply(one, 'ann', applied({ map: { a: '1' } })),
    apply(one, 'bob', applied({ map: { b: '2' } })),
    apply(one, 'ann', applied({ map: { b: '3' } })),
  ),
  'an atomic map': defined(
    define(mapList),
    apply(one, 'ann', applied({ atom: { x: '1' } })),
    apply(one, 'bob', applied({ atom: { y: '2' } })),
  ),
  status: defined(
    define(simple),
    make({}),
    apply(`${one}/status`, 'ann', {
      apiVersion: '$id.example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
      status: { count: 1 },
    }),
    apply(`${one}/status`, 'bob', {
      apiVersion: '$id.example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
      status: { note: 'x' },
    }),
    apply(`${one}/status`, 'bob', {
      apiVersion: '$id.example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
      status: { count: 2 },
    }),
  ),
  'defaults belong to nobody': defined(
    define(simple),
    apply(one, 'ann', applied({ name: 'x' })),
    apply(one, 'bob', applied({ size: 4 })),
  ),
  'what the schema refuses': defined(
    define(simple),
    apply(one, 'ann', applied({ size: 40 })),
    apply(one, 'ann', applied({ size: 'x' })),
    apply(one, 'ann', applied({ colour: 'red' })),
  ),
})

const two = (conversion?: Json, storage = 'v1'): Json =>
  define(simple, {
    spec: {
      versions: ['v1', 'v2', 'v3'].map((name) => ({
        name,
        served: name !== 'v3',
        storage: name === storage,
        schema: {
          openAPIV3Schema: object({ spec: object({ [name === 'v1' ? 'size' : 'count']: whole }) }),
        },
      })),
      ...(conversion === undefined ? {} : { conversion }),
    },
  })
const second = '/apis/$id.example.com/v2/namespaces/$ns/things'
const webhook: Json = {
  strategy: 'Webhook',
  webhook: {
    conversionReviewVersions: ['v1'],
    clientConfig: { url: '$hook/convert', caBundle: '$ca' },
  },
}

const versions = cases('custom versions', {
  'without conversion only the name changes': defined(
    two(),
    until(get(second), 200),
    make({ size: 1 }),
    get(`${second}/a`),
    get(second),
    post(second, { ...thing({ count: 1 }, {}, { name: 'b' }), apiVersion: '$id.example.com/v2' }),
    get(`${things}/b`),
  ),
  'one that is not served': defined(two(), get('/apis/$id.example.com/v3/namespaces/$ns/things')),
  'the wrong one in the body': defined(
    two(),
    post(things, { ...thing({}), apiVersion: '$id.example.com/v2' }),
  ),
  'converted by a webhook': defined(
    two(webhook),
    until(get(second), 200),
    make({ size: 1 }),
    get(`${second}/a`),
    get(second),
    merge(`${second}/a`, { spec: { count: 7 } }),
    get(one),
    apply(`${second}/a`, 'ann', {
      apiVersion: '$id.example.com/v2',
      kind: 'Thing',
      metadata: { name: 'a' },
      spec: { count: 8 },
    }),
    watch(`${second}?resourceVersion=0`, 1),
  ),
  'converted by a webhook that is not there': defined(
    two({
      ...webhook,
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { url: '$hook/nowhere', caBundle: '$ca' },
      },
    }),
    until(get(second), 200),
    make({ size: 1 }),
    get(`${second}/a`),
  ),
  'in discovery': defined(
    two(),
    until(get('/apis/$id.example.com'), 200),
    get('/apis/$id.example.com'),
    get('/apis/$id.example.com/v1'),
    get('/apis/$id.example.com/v2'),
  ),
  'stored versions are remembered': defined(two(), get(definition)),
})

const checks = cases('definitions', {
  'become established': [
    until(post(definitions, define(simple)), 201),
    until(get(things), 200),
    until(get(definition), 200, 'InitialNamesAccepted'),
    get(definition),
  ],
  'answer their creation': [post(definitions, define(simple))],
  'want the name of plural and group': [
    post(definitions, { ...define(simple), metadata: { name: 'others.$id.example.com' } }),
  ],
  'want a schema': [post(definitions, define(simple, { version: { schema: undefined } }))],
  'want a structural schema': [
    post(definitions, define({ properties: { a: text } })),
    post(definitions, define(object({ a: { type: 'array' } }))),
    post(
      definitions,
      define(
        object({
          a: { type: 'string', 'x-kubernetes-preserve-unknown-fields': true, properties: {} },
        }),
      ),
    ),
  ],
  'want exactly one storage version': [
    post(definitions, define(simple, { version: { storage: false } })),
    post(definitions, define(simple, { spec: { versions: [] } })),
  ],
  'want good names': [
    post(definitions, define(simple, { spec: { names: { plural: 'Things', kind: 'thing' } } })),
    post(definitions, define(simple, { spec: { scope: 'World' } })),
  ],
  'want defaults that fit': [
    post(definitions, define(object({ a: { type: 'integer', default: 'x' } }))),
  ],
  'want keys that are there': [
    post(
      definitions,
      define(
        object({
          a: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
            items: object({ v: text }),
          },
        }),
      ),
    ),
  ],
  'do not share names': [
    until(post(definitions, define(simple)), 201),
    until(get(things), 200),
    post(definitions, {
      ...define(simple),
      metadata: { name: 'others.$id.example.com' },
      spec: { ...(define(simple)['spec'] as Json), names: { plural: 'others', kind: 'Thing' } },
    }),
    until(get(`${definitions}/others.$id.example.com`), 200, 'NamesAccepted","status":"False"'),
    until(get(`${definitions}/others.$id.example.com`), 200, 'ListKindConflict'),
  ],
  'keep their scope and group': [
    until(post(definitions, define(simple)), 201),
    until(get(definition), 200, 'InitialNamesAccepted'),
    merge(definition, { spec: { scope: 'Cluster' } }),
    merge(definition, { spec: { group: 'b.example.com' } }),
  ],
  'want approval for groups of Kubernetes': [
    post(definitions, {
      ...define(simple),
      metadata: { name: 'things.$id.k8s.io' },
      spec: { ...(define(simple)['spec'] as Json), group: '$id.k8s.io' },
    }),
  ],
})

export const definitionCases: readonly Case[] = [
  ...lives,
  ...schemas,
  ...cel,
  ...applies,
  ...versions,
  ...checks,
]
