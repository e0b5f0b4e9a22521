/** Macros: calls that become folds before anything else looks at them. */
import type { Builder } from './build.ts'
import { accumulator, type Expr, type Fold } from './expr.ts'
import { SyntaxFault } from './fault.ts'

type Site = {
  readonly build: Builder
  /** Where the call stands. */
  readonly at: number
  readonly target: Expr
  readonly args: readonly Expr[]
}

type Macro = (site: Site) => Expr

/** The fold a call with a target stands for; undefined when it is no macro. Throws a SyntaxFault. */
export function expandMember(name: string, site: Site): Expr | undefined {
  const macro = macros[`${name}/${site.args.length}`]
  return macro?.(site)
}

/** `has(a.b)`. Throws a SyntaxFault when something else is asked for. */
export function expandHas(build: Builder, at: number, arg: Expr): Expr {
  if (arg.kind === 'select' && !arg.test) return build.select(at, arg.operand, arg.field, true)
  throw new SyntaxFault(arg.at, 'invalid argument to has() macro')
}

type Parts = Pick<Fold, 'condition' | 'init' | 'result' | 'step'>

function fold({ build, at, target, args }: Site, variables: 1 | 2, parts: Parts): Expr {
  const names = args.slice(0, variables).map(variableOf)
  const [item, second] = names as [string, string | undefined]
  if (second === item) {
    throw new SyntaxFault((args[1] as Expr).at, `duplicate variable name: ${item}`)
  }
  return build.fold(at, { range: target, item, second, accu: accumulator, ...parts })
}

function variableOf(expr: Expr): string {
  if (expr.kind !== 'ident') throw new SyntaxFault(expr.at, 'argument must be a simple name')
  if (expr.name === accumulator || expr.name === '__result__') {
    throw new SyntaxFault(expr.at, 'iteration variable overwrites accumulator variable')
  }
  return expr.name
}

function all(variables: 1 | 2): Macro {
  return (site) => {
    const { build, at, args } = site
    return fold(site, variables, {
      init: build.literal(at, true),
      condition: build.call(at, '@not_strictly_false', build.accu(at)),
      step: build.call(at, '_&&_', build.accu(at), args[variables] as Expr),
      result: build.accu(at),
    })
  }
}

function exists(variables: 1 | 2): Macro {
  return (site) => {
    const { build, at, args } = site
    return fold(site, variables, {
      init: build.literal(at, false),
      condition: build.call(at, '@not_strictly_false', build.call(at, '!_', build.accu(at))),
      step: build.call(at, '_||_', build.accu(at), args[variables] as Expr),
      result: build.accu(at),
    })
  }
}

function existsOne(variables: 1 | 2): Macro {
  return (site) => {
    const { build, at, args } = site
    const more = build.call(at, '_+_', build.accu(at), build.literal(at, 1n))
    return fold(site, variables, {
      init: build.literal(at, 0n),
      condition: build.literal(at, true),
      step: build.call(at, '_?_:_', args[variables] as Expr, more, build.accu(at)),
      result: build.call(at, '_==_', build.accu(at), build.literal(at, 1n)),
    })
  }
}

/** A new list: `args` are the variables, perhaps a condition, and what an item becomes. */
function toList(variables: 1 | 2, filtered: boolean): Macro {
  return (site) => {
    const { build, at, args } = site
    const made = args[variables + (filtered ? 1 : 0)] as Expr
    const added = build.call(at, '_+_', build.accu(at), build.list(at, [made]))
    return fold(site, variables, {
      init: build.list(at, []),
      condition: build.literal(at, true),
      step: filtered
        ? build.call(at, '_?_:_', args[variables] as Expr, added, build.accu(at))
        : added,
      result: build.accu(at),
    })
  }
}

function filter(site: Site): Expr {
  const { build, at, args } = site
  const item = build.ident(at, variableOf(args[0] as Expr))
  const added = build.call(at, '_+_', build.accu(at), build.list(at, [item]))
  return fold(site, 1, {
    init: build.list(at, []),
    condition: build.literal(at, true),
    step: build.call(at, '_?_:_', args[1] as Expr, added, build.accu(at)),
    result: build.accu(at),
  })
}

/** A new map: by key and value, or by whole entries. */
function toMap(entries: boolean, filtered: boolean): Macro {
  return (site) => {
    const { build, at, args } = site
    const made = args[filtered ? 3 : 2] as Expr
    const key = build.ident(at, variableOf(args[0] as Expr))
    const inserted = entries
      ? build.call(at, 'cel.@mapInsert', build.accu(at), made)
      : build.call(at, 'cel.@mapInsert', build.accu(at), key, made)
    return fold(site, 2, {
      init: build.map(at, []),
      condition: build.literal(at, true),
      step: filtered
        ? build.call(at, '_?_:_', args[2] as Expr, inserted, build.accu(at))
        : inserted,
      result: build.accu(at),
    })
  }
}

/** Computes with the value of an optional, if it has one. `flat`: what comes out is an optional already. */
function onValue(name: string, flat: boolean): Macro {
  return ({ build, at, target, args }) => {
    const [variable, body] = args as [Expr, Expr]
    if (variable.kind !== 'ident') {
      throw new SyntaxFault(variable.at, `${name}() variable name must be a simple identifier`)
    }
    const bound = build.fold(at, {
      range: build.list(at, []),
      item: '#unused',
      second: undefined,
      accu: variable.name,
      init: build.member(at, build.copy(target), 'value'),
      condition: build.literal(at, false),
      step: build.ident(at, variable.name),
      result: body,
    })
    return build.call(
      at,
      '_?_:_',
      build.member(at, target, 'hasValue'),
      flat ? bound : build.call(at, 'optional.of', bound),
      build.call(at, 'optional.none'),
    )
  }
}

const macros: Readonly<Record<string, Macro>> = {
  'all/2': all(1),
  'all/3': all(2),
  'exists/2': exists(1),
  'exists/3': exists(2),
  'exists_one/2': existsOne(1),
  'exists_one/3': existsOne(2),
  'existsOne/3': existsOne(2),
  'map/2': toList(1, false),
  'map/3': toList(1, true),
  'filter/2': filter,
  'transformList/3': toList(2, false),
  'transformList/4': toList(2, true),
  'transformMap/3': toMap(false, false),
  'transformMap/4': toMap(false, true),
  'transformMapEntry/3': toMap(true, false),
  'transformMapEntry/4': toMap(true, true),
  'optMap/2': onValue('optMap', false),
  'optFlatMap/2': onValue('optFlatMap', true),
}
