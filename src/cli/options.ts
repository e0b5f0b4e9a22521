/** Reading options that are more than text. Each throws a UsageError that says what to write instead. */

import { type LogLevel, logLevels } from '#controller/log.ts'
import { parseDuration } from '#core/time.ts'
import type { Address } from '#http/listen.ts'
import { UsageError } from '#releases/errors.ts'

export function speedOf(text: string): number {
  const speed = Number(text)
  if (!(speed >= 1 && speed <= 1000))
    throw new UsageError(`--speed ${text} makes no sense; write a number from 1 to 1000`)
  return speed
}

export function portOf(option: string, text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`${option} ${text} is no port; write a number from 0 to 65535`)
  }
  return port
}

export function durationOf(option: string, text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined)
    throw new UsageError(`${option} ${text} is no duration; write one like 30s, 5m or 100ms`)
  return duration
}

export function logLevelOf(text: string): LogLevel {
  const level = logLevels.find((known) => known === text)
  if (level === undefined)
    throw new UsageError(`--log-level ${text} is unknown; write one of ${logLevels.join(', ')}`)
  return level
}

/** `host:port`, `:port` or `port`; with `+` behind it any port will do where somebody has that one. */
export function addressOf(option: string, text: string): Address {
  const at = text.lastIndexOf(':')
  const host = at > 0 ? text.slice(0, at) : '0.0.0.0'
  const orAny = text.endsWith('+')
  const port = portOf(option, text.slice(at + 1, orAny ? -1 : undefined))
  return { host, port, orAny, option }
}

/** A whole number, from 0. */
export function countOf(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`${option} ${text} is no number; write one like 3`)
  return Number(text)
}

const sizes: Readonly<Record<string, number>> = { '': 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }

/** Bytes, as `500Ki`, `10Mi`, `1Gi` or a number. */
export function sizeOf(option: string, text: string): number {
  const [, amount = '', unit = ''] = /^([1-9]\d{0,9})(Ki|Mi|Gi)?$/.exec(text) ?? []
  const size = sizes[unit]
  if (amount === '' || size === undefined)
    throw new UsageError(`${option} ${text} is no size; write one like 500Ki or 10Mi`)
  return Number(amount) * size
}
