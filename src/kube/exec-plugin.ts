/**
 * Credentials from a program, as kubeconfig's `exec` has it (client.authentication.k8s.io v1 and
 * v1beta1).
 */
import { spawn } from 'node:child_process'
import { isAbsolute, resolve, sep } from 'node:path'
import { isRecord } from './answer.ts'
import { KubeError } from './errors.ts'

export type ExecPlugin = {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint: string | undefined
  readonly interactive: boolean
  /** What the plugin may know of the cluster, when it asks for it. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined
  /** Relative commands are looked for here: the folder of the kubeconfig. */
  readonly directory: string
  /** The environment of this process, handed in. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export type ExecResult = {
  readonly token: string | undefined
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined
}

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** Some plugins open a browser and wait for a person. */
const timeoutMs = 120_000
const mostOutput = 1024 * 1024

/** @throws KubeError (Unauthorized, code 0) with a sentence that says what to do. */
export async function runExecPlugin(plugin: ExecPlugin): Promise<ExecResult> {
  if (!versions.includes(plugin.apiVersion)) {
    throw failed(plugin, `speaks ${plugin.apiVersion}; set apiVersion to ${versions[0]}`)
  }
  if (plugin.interactive) {
    throw failed(plugin, 'wants a terminal (interactiveMode: Always), which is not offered here')
  }
  const output = await run(plugin)
  return readCredential(plugin, output)
}

function run(plugin: ExecPlugin): Promise<string> {
  const { command, args, directory, environment, env } = plugin
  const isPath = command.includes('/') || command.includes(sep)
  const program = isPath && !isAbsolute(command) ? resolve(directory, command) : command
  const child = spawn(program, [...args], {
    env: { ...environment, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin)) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  let output = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.length > mostOutput) child.kill()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-500)
  })
  return new Promise((done, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const hint = plugin.installHint === undefined ? '' : `. ${plugin.installHint.trim()}`
      const why = cause.code === 'ENOENT' ? `was not found${hint}` : cause.message
      reject(failed(plugin, why, cause))
    })
    child.on('close', (code, signal) => {
      if (code === 0) return done(output)
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`
      reject(failed(plugin, `${how}${complaint === '' ? '' : `: ${complaint.trim()}`}`))
    })
  })
}

function execInfo({ apiVersion, cluster }: ExecPlugin): unknown {
  const spec = { interactive: false, ...(cluster === undefined ? {} : { cluster }) }
  return { apiVersion, kind: 'ExecCredential', spec }
}

function readCredential(plugin: ExecPlugin, output: string): ExecResult {
  const credential = parse(output)
  const status = credential?.['status']
  if (credential?.['kind'] !== 'ExecCredential' || !isRecord(status)) {
    throw failed(plugin, 'printed something that is no ExecCredential')
  }
  if (credential['apiVersion'] !== plugin.apiVersion) {
    const spoken = String(credential['apiVersion'])
    throw failed(plugin, `answered in ${spoken} although asked for ${plugin.apiVersion}`)
  }
  const token = text(status['token'])
  const cert = text(status['clientCertificateData'])
  const key = text(status['clientKeyData'])
  const certificate = cert !== undefined && key !== undefined ? { cert, key } : undefined
  if (token === undefined && certificate === undefined) {
    throw failed(plugin, 'gave neither a token nor a client certificate with its key')
  }
  const expiry = Date.parse(text(status['expirationTimestamp']) ?? '')
  return { token, certificate, expiresAt: Number.isNaN(expiry) ? undefined : expiry }
}

function parse(output: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(output)
    return isRecord(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function failed({ command }: ExecPlugin, why: string, cause?: unknown): KubeError {
  const message = `the credential plugin ${command} of the kubeconfig ${why}`
  return new KubeError({ reason: 'Unauthorized', code: 0, message, cause })
}
